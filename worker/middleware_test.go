//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// traceCalls returns middleware that adds its name to the list before and after
// the call of next.
func traceCalls(list *[]string, name string) Middleware {
	return func(next HandlerFunc) HandlerFunc {
		return func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
			*list = append(*list, name)
			defer func() { *list = append(*list, "/"+name) }()
			return next(ctx, data)
		}
	}
}

func TestMiddlewareRunsInOrderAroundTheHandler(t *testing.T) {
	t.Parallel()
	var calls []string
	h := Handle("double", func(_ context.Context, n int) (int, error) {
		calls = append(calls, "handler")
		return 2 * n, nil
	}).With(traceCalls(&calls, "c"), traceCalls(&calls, "d"))
	table, err := newMethodTable([]Handler{h}, traceCalls(&calls, "a"), traceCalls(&calls, "b"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.findHandler("double").run(t.Context(), json.RawMessage("21"))
	if string(got) != "42" || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if want := []string{"a", "b", "c", "d", "handler", "/d", "/c", "/b", "/a"}; !slices.Equal(calls, want) {
		t.Errorf("%v, want %v", calls, want)
	}
	if _, err := table.findHandler("other").run(t.Context(), nil); err == nil || len(calls) != 9 {
		t.Errorf("unknown method: %v, calls %v", err, calls)
	}
}

func TestMiddlewareMayChangeTheResult(t *testing.T) {
	t.Parallel()
	replace := func(result string, err error) Middleware {
		return func(HandlerFunc) HandlerFunc {
			return func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(result), err }
		}
	}
	tests := []struct {
		middleware Middleware
		want       string // the result; "" = an error
		final      bool
	}{
		{replace(`"cached"`, nil), `"cached"`, false},
		{replace("", errors.New("no permission")), "", false},
		{replace("{", nil), "", true},
	}
	for _, test := range tests {
		got, err := HandleRaw("f", nothing).With(test.middleware).run(t.Context(), nil)
		var final finalError
		if string(got) != test.want || (err == nil) != (test.want != "") || errors.As(err, &final) != test.final {
			t.Errorf("%q %v, want %q, final %v", got, err, test.want, test.final)
		}
	}
}
