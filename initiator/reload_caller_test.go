package initiator_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
)

// A reload is carried out completely even when its caller does not wait.
func TestReloadWithoutWaitingCaller(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "initiator.ini")
	const first = "[worker:first]\ncommand = ${initiator:self} job echo\n"
	writeFile(t, path, first)
	in := initiatortest.Start(t, path)
	writeFile(t, path, first+"[worker:come]\ncommand = ${initiator:self} job echo\n")
	waitNoProcess, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.Initiator().Reload(waitNoProcess); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	in.WaitFor("come", func(w report.Worker) bool { return w.Ready })
}
