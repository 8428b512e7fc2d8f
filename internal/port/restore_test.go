package port

import (
	"errors"
	"testing"
)

// TestRestoredPortIsTaken: no other worker gets the port until it is released.
func TestRestoredPortIsTaken(t *testing.T) {
	a := New(Range{})
	free, err := a.Take(Bind, "", 0, nil) // only the kernel knows which port is free
	if err != nil {
		t.Fatal(err)
	}
	number := free.Port
	free.Release()
	r, err := a.Restore(Inherit, "", number)
	if err != nil || r.Port != number || r.File() != nil {
		t.Fatalf("restore: %+v, %v", r, err)
	}
	var taken *TakenError
	if _, err := a.Restore(Inherit, "127.0.0.1", number); !errors.As(err, &taken) || !taken.HeldHere {
		t.Errorf("restored twice: %v", err)
	}
	other, err := a.Take(Bind, "", 0, nil)
	if err != nil || other.Port == number {
		t.Fatalf("take: %+v, %v", other, err)
	}
	other.Release()
	r.Release()
	again, err := a.Take(Bind, "", number, nil)
	if err != nil {
		t.Fatalf("take what was released: %v", err)
	}
	again.Release()
}
