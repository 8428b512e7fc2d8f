//go:build unix

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

// TestFailuresOfASlaveAreFinal: a task of ding has one attempt, so a slave says
// of no failure that it may be retried, unless ProcessTask says so itself.
func TestFailuresOfASlaveAreFinal(t *testing.T) {
	t.Parallel()
	stopped, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the master disconnected"))
	tests := []struct {
		name string
		ctx  context.Context
		end  func(context.Context) error
		want string
	}{
		{"an error", t.Context(), func(context.Context) error { return errors.New("ab not found") }, `{map[message:ab not found] false}`},
		{"a panic", t.Context(), func(context.Context) error { panic("boom") }, `{map[message:panic: boom] false}`},
		{"the end of the context", stopped, func(ctx context.Context) error { return ctx.Err() }, `{map[message:the master disconnected] false}`},
		{"a failure", t.Context(), func(context.Context) error { return TaskFail{Data: 1} }, `{1 false}`},
		{"a failure to retry", t.Context(), func(context.Context) error { return &TaskFail{Data: 1, Retry: true} }, `&{1 true}`},
	}
	for _, tt := range tests {
		o := SlaveOptions{ProcessTask: func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			return nil, tt.end(ctx)
		}}
		_, err := o.runTask(tt.ctx, nil)
		type fields struct {
			Data, Retry any
		}
		got := ""
		switch fail := err.(type) {
		case TaskFail:
			got = fmt.Sprint(fields{fail.Data, fail.Retry})
		case *TaskFail:
			got = "&" + fmt.Sprint(fields{fail.Data, fail.Retry})
		}
		if got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
}
