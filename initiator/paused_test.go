package initiator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const pausedINI = `
[worker:adder]
command = ${initiator:self} job sum
`

func TestPauseOutlivesInitiator(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	in := initiatortest.StartText(t, pausedINI, initiatortest.StateDir(dir))
	if _, err := in.Client().Pause(t.Context(), "adder"); err != nil {
		t.Fatal(err)
	}
	kept, err := in.Client().Submit(t.Context(), task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}

	in = initiatortest.StartText(t, pausedINI, initiatortest.StateDir(dir))
	pools, err := in.Client().Pools(t.Context())
	if err != nil || len(pools) != 1 || !pools[0].Paused || pools[0].Tasks[task.Queued] != 1 {
		t.Fatalf("after a restart: %+v, %v; want it paused, with its task", pools, err)
	}
	if _, err := in.Client().Resume(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	if got, err := whateverEnd(in.Client().Wait(t.Context(), kept.ID)); err != nil || got.State != task.Completed {
		t.Errorf("%s, %v", got.State, err)
	}
}

func TestUnreadablePauseStopsStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "paused.json"), []byte(`{"version":99,"what":"initiator paused pools"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ini := filepath.Join(dir, "initiator.ini")
	if err := os.WriteFile(ini, []byte(pausedINI), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := initiator.New(initiator.Config{Path: ini, StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("%v: want a refusal to read the file of a newer version", err)
	}
}
