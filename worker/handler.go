package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/strictjson"
)

// HandlerFunc runs one task: it takes the task's data and returns its result,
// both as JSON. A nil result stands for null.
type HandlerFunc func(ctx context.Context, data json.RawMessage) (json.RawMessage, error)

// Handler is a method that a worker offers. Make it with [Handle] or
// [HandleRaw].
type Handler struct {
	name string
	run  HandlerFunc
}

// Name returns the method's name.
func (h Handler) Name() string { return h.name }

// Handle makes a handler from a function with typed input and output. The data
// of a task is decoded with encoding/json; data that does not fit In fails the
// task for good, without a call of f. An error and a panic fail the attempt with
// the result {"message": …}, and the task is tried again until its attempts are
// used up; a [TaskFail] sets another result, and is final unless it says retry.
// A result that cannot be encoded as JSON fails the task for good.
//
// The context ends when the task is cancelled, when its deadline passes, when
// the master is lost ([ErrMasterLost]) and when the worker stops ([ErrStopping]).
func Handle[In, Out any](name string, f func(context.Context, In) (Out, error)) Handler {
	return Handler{name, func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		var in In
		if len(data) > 0 {
			if err := json.Unmarshal(data, &in); err != nil {
				return nil, finalError{fmt.Errorf("the data does not fit %s: %w", name, strictjson.ExplainDecode(err))}
			}
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		result, err := encodeJSON(out)
		if err != nil {
			return nil, finalError{fmt.Errorf("the result of %s cannot be encoded as JSON: %w", name, err)}
		}
		return result, nil
	}}
}

// Implement makes the handler of a method that callers know as m. It is [Handle]
// under the name of m without the pool: a worker of the pool "media" offers
// "media.resize" as "resize". Give the handlers of one pool to one worker.
func Implement[In, Out any](m task.Method[In, Out], f func(context.Context, In) (Out, error)) Handler {
	if m.String() == "" {
		return Handler{} // refused when the worker starts
	}
	return Handle(m.WorkerMethod(), f)
}

// HandleRaw makes a handler from a function that takes the task's data and
// returns its result as JSON. Neither is decoded on the way. A nil result
// stands for null. A result that is not JSON, or nested deeper
// than 1,000, fails the task for good.
func HandleRaw(name string, f HandlerFunc) Handler { return Handler{name, checkResult(name, f)} }

// checkResult returns f with a check that each result is JSON that a master
// accepts.
func checkResult(name string, f HandlerFunc) HandlerFunc {
	return func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		result, err := f(ctx, data)
		if err != nil {
			return nil, err
		}
		if err := bounds.CheckNesting(result); err != nil {
			return nil, finalError{fmt.Errorf("the result of %s cannot be sent: %w", name, err)}
		}
		if len(result) > 0 && !(json.Valid(result) && utf8.Valid(result)) {
			return nil, finalError{fmt.Errorf("the result of %s is not JSON", name)}
		}
		return result, nil
	}
}

// methodTable finds handlers by name.
type methodTable struct {
	names  []string // sorted
	byName map[string]Handler
}

// newMethodTable returns the table of the handlers, each inside the middleware.
func newMethodTable(handlers []Handler, middleware ...Middleware) (methodTable, error) {
	if len(handlers) == 0 {
		return methodTable{}, errors.New("start the worker: it has no handler; give one with worker.Handle")
	}
	m := methodTable{byName: map[string]Handler{}}
	for _, h := range handlers {
		if h.name == "" || h.run == nil {
			return methodTable{}, errors.New("start the worker: a handler has no name; make it with worker.Handle")
		}
		if _, twice := m.byName[h.name]; twice {
			return methodTable{}, fmt.Errorf("start the worker: two handlers are named %q; rename one", h.name)
		}
		m.byName[h.name] = h.With(middleware...)
		m.names = append(m.names, h.name)
	}
	slices.Sort(m.names)
	return m, nil
}

// findHandler returns the handler of a method. For an unknown method it
// returns a handler that fails. If it refused the task instead, the initiator
// would offer the task again and again.
func (m methodTable) findHandler(method string) Handler {
	h, err := m.lookupHandler(method)
	if err == nil {
		return h
	}
	return Handler{method, func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, err }}
}

// lookupHandler returns the handler of a method. The error for an unknown
// method lists the methods.
func (m methodTable) lookupHandler(method string) (Handler, error) {
	if method == "" {
		method = "default"
		if len(m.names) == 1 {
			method = m.names[0]
		}
	}
	if h, ok := m.byName[method]; ok {
		return h, nil
	}
	return Handler{}, finalError{fmt.Errorf("no method %q; this worker has %s", method, strings.Join(m.names, ", "))}
}
