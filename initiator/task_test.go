package initiator_test

import (
	"context"
	"testing"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
)

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
