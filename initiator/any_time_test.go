package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"initiator/initiator"
)

// endingMethods are the methods that begin or end everything; the test calls them
// itself.
var endingMethods = map[string]bool{"Run": true, "Shutdown": true, "Kill": true}

// Every method can be called by any goroutine before, during and after Run: no method
// panics, and the race detector finds nothing.
func TestMethodsAtAnyTime(t *testing.T) {
	t.Parallel()
	in, err := initiator.New(initiator.Config{
		Path: writeINI(t, adder), StateDir: filepath.Join(t.TempDir(), "state"), Only: []string{"adder"},
	})
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	callEveryMethod(t, in, over, "before Run")
	ended := make(chan error, 1)
	var callers sync.WaitGroup
	for m := range methodsOf(in) {
		callers.Go(func() {
			for range callsDuringRun {
				callMethod(t, in, m, t.Context(), "while Run starts")
			}
		})
	}
	go func() { ended <- in.Run(t.Context()) }()
	callers.Wait()
	if err := in.Run(t.Context()); !errors.Is(err, initiator.ErrStarted) {
		t.Errorf("another Run: %v", err)
	}
	if err := in.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := errors.Join(<-ended, in.Err()); err != nil {
		t.Errorf("Run: %v", err)
	}
	callEveryMethod(t, in, t.Context(), "after Run")
}

// callsDuringRun is how often each method is called from the moment in which Run is
// called.
const callsDuringRun = 5

func callEveryMethod(t *testing.T, in *initiator.Initiator, ctx context.Context, when string) {
	t.Helper()
	for m := range methodsOf(in) {
		callMethod(t, in, m, ctx, when)
	}
}

// methodsOf returns the methods that the test calls by reflection.
func methodsOf(in *initiator.Initiator) func(yield func(reflect.Method) bool) {
	return func(yield func(reflect.Method) bool) {
		for m := range reflect.TypeOf(in).Methods() {
			if !endingMethods[m.Name] && !yield(m) {
				return
			}
		}
	}
}

// callMethod calls a method with ctx, and with the zero value of every other argument.
func callMethod(t *testing.T, in *initiator.Initiator, m reflect.Method, ctx context.Context, when string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s %s: panic: %v", m.Name, when, p)
		}
	}()
	args := []reflect.Value{reflect.ValueOf(in)}
	for i := 1; i < m.Type.NumIn(); i++ {
		switch arg := m.Type.In(i); {
		case m.Type.IsVariadic() && i == m.Type.NumIn()-1:
		case arg == reflect.TypeFor[context.Context]():
			args = append(args, reflect.ValueOf(ctx))
		case arg.Kind() == reflect.Func:
			args = append(args, reflect.MakeFunc(arg, func([]reflect.Value) []reflect.Value { return zeroResults(arg) }))
		default:
			args = append(args, reflect.Zero(arg))
		}
	}
	for _, result := range m.Func.Call(args) {
		if s, ok := result.Interface().(interface{ Close() }); ok && !result.IsZero() {
			s.Close()
		}
	}
}

func zeroResults(f reflect.Type) (list []reflect.Value) {
	for r := range f.Outs() {
		list = append(list, reflect.Zero(r))
	}
	return list
}

// Shutdown before Run closes the initiator for good, as Shutdown of an http.Server
// does.
func TestShutdownBeforeRun(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*initiator.Initiator) error{
		"Shutdown": func(in *initiator.Initiator) error { return in.Shutdown(t.Context()) },
		"Kill":     func(in *initiator.Initiator) error { in.Kill(); return nil },
	} {
		in, err := initiator.New(initiator.Config{Path: "../testdata/quickstart.ini", StateDir: filepath.Join(t.TempDir(), "state")})
		if err != nil {
			t.Fatal(err)
		}
		if err := end(in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		<-in.Started()
		for method, err := range map[string]error{"Run": in.Run(t.Context()), "Healthy": in.Healthy(t.Context()), "Ready": in.Ready(t.Context()), "Err": in.Err()} {
			if !errors.Is(err, initiator.ErrClosed) {
				t.Errorf("%s after %s: %v", method, name, err)
			}
		}
	}
}

// Started closes also when Run fails, and every method tells the reason.
func TestStartedWhenRunFails(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	first, second := newQuickstart(t, state), newQuickstart(t, state)
	ran := make(chan error, 1)
	go func() { ran <- first.Run(t.Context()) }()
	<-first.Started()
	if err := first.Healthy(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := second.Run(t.Context())
	if !errors.Is(failed, initiator.ErrInUse) {
		t.Errorf("Run in a directory that is in use: %v", failed)
	}
	<-second.Started()
	if err := second.Err(); err != failed {
		t.Errorf("Err: %v", err)
	}
	for method, err := range map[string]error{"Healthy": second.Healthy(t.Context()), "Ready": second.Ready(t.Context()), "Shutdown": second.Shutdown(t.Context())} {
		if !errors.Is(err, initiator.ErrInUse) {
			t.Errorf("%s after a failed Run: %v", method, err)
		}
	}
	over, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("no time"))
	if err := first.Shutdown(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown that does not wait: %v", err)
	}
	if err := errors.Join(first.Shutdown(t.Context()), <-ran); err != nil {
		t.Error(err)
	}
}

func newQuickstart(t *testing.T, state string) *initiator.Initiator {
	t.Helper()
	in, err := initiator.New(initiator.Config{Path: "../testdata/quickstart.ini", StateDir: state})
	if err != nil {
		t.Fatal(err)
	}
	return in
}
