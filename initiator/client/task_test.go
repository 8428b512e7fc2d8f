//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// callLog notes which functions of a task were called.
type callLog struct {
	mu    sync.Mutex
	lines []string
}

// noteCall returns a function of a task that notes its data and result under a name.
func (l *callLog) noteCall(name string) func(data, result json.RawMessage) {
	return func(data, result json.RawMessage) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, fmt.Sprintf("%s %s %s", name, data, result))
	}
}

// The functions of a task are called once, in their order, before Join returns; a
// function that is added after the end is called at once.
func TestFunctionsOfATask(t *testing.T) {
	t.Parallel()
	c := initiatortest.StartText(t, streamINI).Client()
	for _, x := range []struct {
		name, method string
		data         any
		state        task.State
		want         []string // after Join, and then after the late functions
		is           error
	}{
		{
			"it completes", "adder",
			map[string]int{"a": 2, "b": 3},
			task.Completed,
			[]string{`complete {"a":2,"b":3} {"sum":5}`, `second {"a":2,"b":3} {"sum":5}`, `late {"a":2,"b":3} {"sum":5}`},
			nil,
		},
		{
			"it fails", "adder", json.RawMessage(`{"a":2}`), task.Failed,
			[]string{`fail {"a":2} {"message":"ab not found"}`, `late fail {"a":2} {"message":"ab not found"}`},
			nil,
		},
		{"no such pool", "addder", nil, "", []string{"fail null ", "late fail null "}, task.ErrUnknownPool},
		{"no JSON", "adder", func() {}, "", []string{"fail  ", "late fail  "}, task.ErrInvalid},
	} {
		var calls callLog
		one := c.NewTask(x.method, x.data).OnComplete(calls.noteCall("complete")).OnComplete(calls.noteCall("second")).OnFail(calls.noteCall("fail"))
		if _, err := one.Join(t.Context()); !errors.Is(err, client.ErrNotStarted) {
			t.Errorf("%s: join before start: %v", x.name, err)
		}
		_, err := one.Start(t.Context()).Start(t.Context()).Join(t.Context())
		var failed *task.FailedError
		if (err == nil) != (x.state == task.Completed) || errors.As(err, &failed) != (x.state == task.Failed) || x.is != nil && !errors.Is(err, x.is) {
			t.Errorf("%s: join: %v", x.name, err)
		}
		if one.Status() != x.state {
			t.Errorf("%s: status %s, want %s", x.name, one.Status(), x.state)
		}
		one.OnComplete(calls.noteCall("late")).OnFail(calls.noteCall("late fail"))
		if !slices.Equal(calls.lines, x.want) {
			t.Errorf("%s: called %q, want %q", x.name, calls.lines, x.want)
		}
	}
}

// A panic of a function is the error of Join, and keeps no other function from its
// call.
func TestAFunctionPanics(t *testing.T) {
	t.Parallel()
	c := initiatortest.StartText(t, streamINI).Client()
	var calls callLog
	result, err := c.NewTask("adder", map[string]int{"a": 1, "b": 1}).
		OnComplete(func(json.RawMessage, json.RawMessage) { panic("in a function") }).
		OnComplete(calls.noteCall("second")).Start(t.Context()).Join(t.Context())
	if err == nil || !strings.Contains(err.Error(), "panicked: in a function") || string(result) != `{"sum":2}` || len(calls.lines) != 1 {
		t.Errorf("%s, %v, called %q", result, err, calls.lines)
	}
}

// Functions that are added while a task ends are called once each.
func TestFunctionsAddedAtTheEnd(t *testing.T) {
	t.Parallel()
	c := initiatortest.StartText(t, streamINI).Client()
	for range 50 {
		var calls callLog
		one := c.NewTask("adder", map[string]int{"a": 1, "b": 1}).Start(t.Context())
		var adders sync.WaitGroup
		for range 4 {
			adders.Go(func() {
				for range 5 {
					one.OnComplete(calls.noteCall("f")).OnFail(calls.noteCall("no"))
				}
			})
		}
		_, err := one.Join(t.Context())
		adders.Wait()
		if err != nil || len(calls.lines) != 20 || slices.ContainsFunc(calls.lines, func(l string) bool { return strings.HasPrefix(l, "no") }) {
			t.Fatalf("%v, %d calls", err, len(calls.lines))
		}
	}
}

// A task that waits ends with the context of Start, and with its client.
func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, streamINI)
	c := client.New(in.Initiator().Socket())
	ctx, cancel := context.WithCancel(t.Context())
	cancelled, closed := c.NewTask("closed", nil).Start(ctx), c.NewTask("closed", nil).Start(t.Context())
	cancel()
	if _, err := cancelled.Join(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("the context has ended: %v", err)
	}
	c.Close()
	if _, err := closed.Join(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("the client is closed: %v", err)
	}
}
