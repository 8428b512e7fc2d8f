package initiator_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/supervise"
)

// TestReloadOfOneWhoGoesAway: a reload whose caller does not wait is carried out
// all the same, and not by halves.
func TestReloadOfOneWhoGoesAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "initiator.ini")
	const first = "[worker:first]\ncommand = ${initiator:self} job echo\n"
	edit(t, path, first)
	in := initiatortest.Start(t, path)
	edit(t, path, first+"[worker:come]\ncommand = ${initiator:self} job echo\n")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Reload(gone); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	in.WaitFor("come", "ready", func(w supervise.Worker) bool { return w.Ready })
}
