package initiator_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/statedir"
)

func newestEvent(in *initiatortest.Server) uint64 {
	past, _ := in.Initiator().Events(0)
	return past[len(past)-1].Seq
}

func firstEvent(in *initiatortest.Server) uint64 {
	past, _ := in.Initiator().Events(0)
	return past[0].Seq
}

// The file has the last known state, and the numbers of events go on.
func TestLastKnownState(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	if _, err := statedir.ReadLastKnownState(state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first: %v", err)
	}
	in := initiatortest.StartText(t, adder, initiatortest.StateDir(state))
	worker := in.Worker("adder")
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	newest := newestEvent(in)
	seen, err := statedir.ReadLastKnownState(state)
	if err != nil || !seen.Ended || seen.PID != os.Getpid() || seen.Seq != newest || len(seen.Workers) != 2 {
		t.Fatalf("%+v, %v; the newest event was %d", seen, err, newest)
	}
	if w := seen.Workers[0]; w.GUID != worker.GUID || w.State != report.Stopped || w.Incarnation != 1 || w.Port != 0 || w.AsWorker().Name != "adder" {
		t.Errorf("%+v", w)
	}
	info, err := os.Stat(filepath.Join(state, "workers.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again := initiatortest.StartText(t, adder, initiatortest.StateDir(state))
	if got := firstEvent(again); got != newest+1 {
		t.Errorf("events go on with %d after %d", got, newest)
	}
}

// A bad file does not stop the start. It is set aside, and the message says so.
func TestBadLastKnownState(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct{ text, problem string }{
		"torn":     {`{"version":1,"at":"2030-01-01T00:00:00Z","wor`, "it ends in the middle"},
		"empty":    {"", "it ends in the middle"},
		"newer":    {`{"version":2,"workers":{"in":"another shape"}}`, "it is of version 2, and this program knows 1: it was written by a newer one"},
		"foreign":  {`{"name":"another program's"}`, "it was not written by an initiator (it has no version)"},
		"no JSON":  {"<html>", "it was not written by an initiator"},
		"no sense": {`{"version":1,"workers":7}`, "it was not written by an initiator"},
	} {
		t.Run(what, func(t *testing.T) {
			state := t.TempDir()
			path := filepath.Join(state, "workers.json")
			writeFile(t, path, tt.text)
			_, err := statedir.ReadLastKnownState(state)
			var refused *statedir.LastKnownStateError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), path+": "+tt.problem) || !strings.Contains(err.Error(), "sets it aside") {
				t.Errorf("read: %v", err)
			}
			log := newOutputRecorder()
			in := initiatortest.StartText(t, adder, initiatortest.StateDir(state), withOutputs(nil, nil, log))
			log.waitText(t, "sets it aside")
			if got := firstEvent(in); got != 1 {
				t.Errorf("events begin with %d", got)
			}
			if aside, err := os.ReadFile(path + ".refused"); err != nil || string(aside) != tt.text {
				t.Errorf("set aside: %q, %v", aside, err)
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
			if _, err := statedir.ReadLastKnownState(state); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A file that cannot be written causes one warning and nothing else.
func TestUnwritableLastKnownState(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	if err := os.MkdirAll(filepath.Join(state, "workers.json.new", "not empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	log := newOutputRecorder()
	in := initiatortest.StartText(t, adder, initiatortest.StateDir(state), withOutputs(nil, nil, log))
	log.waitText(t, "write the state file")
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if text := log.waitText(t, ""); strings.Count(text, "write the state file") != 1 {
		t.Errorf("log:\n%s", text)
	}
}
