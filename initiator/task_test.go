package initiator_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

func TestTaskCompletes(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	called := make(chan string, 2)
	one := in.Initiator().NewTask("adder", map[string]int{"a": 2, "b": 3}).
		OnComplete(func(json.RawMessage, json.RawMessage) { panic("in a callback") }).
		OnComplete(func(data, result json.RawMessage) { called <- string(data) + string(result) }).
		OnFail(func(_, _ json.RawMessage) { called <- "failed" })
	if _, err := one.Join(t.Context()); !errors.Is(err, initiator.ErrNotStarted) {
		t.Errorf("join before start: %v", err)
	}
	result, err := one.Start().Start().Join(t.Context())
	if err != nil || string(result) != `{"sum":5}` {
		t.Fatalf("join: %s, %v", result, err)
	}
	if got := <-called; got != `{"a":2,"b":3}{"sum":5}` {
		t.Errorf("callback got %s; the panic of the first must not keep the second from it", got)
	}
	if one.Status() != task.Completed || string(one.Result()) != `{"sum":5}` {
		t.Errorf("status %s, result %s", one.Status(), one.Result())
	}
}

func TestTaskFails(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	called := make(chan string, 1)
	result, err := in.Initiator().NewTask("adder", json.RawMessage(`{"a":2}`)).
		OnFail(func(_, result json.RawMessage) { called <- string(result) }).
		Start().Join(t.Context())
	var failure *initiator.Failure
	if !errors.As(err, &failure) || failure.Task.State != task.Failed {
		t.Fatalf("join: %v", err)
	}
	const want = `{"message":"ab not found"}`
	if string(result) != want || <-called != want {
		t.Errorf("result %s", result)
	}
}

func TestTaskWithBadData(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	if _, err := in.Initiator().NewTask("adder", func() {}).Start().Join(t.Context()); err == nil {
		t.Error("a function was sent as JSON")
	}
	_, err := in.Initiator().NewTask("addder", nil).Start().Join(t.Context())
	if err == nil {
		t.Error("a pool that does not exist took a task")
	}
}

func TestLaunchReturnsTuple(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	w, err := in.Initiator().Launch(t.Context(), "adder", "0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	if w.GUID != "0123456789abcdef0123456789abcdef" || w.Port == 0 || w.Process == 0 || w.Module != "adder" || w.Session != w.GUID+"/1" {
		t.Errorf("launched %+v", w)
	}
	if n := len(in.Initiator().Workers()); n != 3 {
		t.Errorf("%d workers, want 3", n)
	}
	if _, err := in.Initiator().Launch(t.Context(), "adder", w.GUID); err == nil {
		t.Error("one guid was launched twice")
	}
	if _, err := in.Initiator().Launch(t.Context(), "addr", ""); err == nil {
		t.Error("an unknown definition was launched")
	}
}

func TestRunTwiceIsRefused(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, adder)
	if err := in.Initiator().Run(context.Background()); err == nil {
		t.Error("Run ran twice")
	}
}

func TestTwoInitiatorsInOneStateDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := initiatortest.StartText(t, adder, initiatortest.StateDir(dir))
	second, err := initiator.New(initiator.Config{Plan: first.Initiator().Plan(), StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	err = second.Run(t.Context())
	if err == nil {
		t.Fatal("two initiators share a state directory")
	}
	t.Log(err)
}
