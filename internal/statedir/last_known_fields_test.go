package statedir

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/supervise"
)

// A record has what an explanation needs, and the record of an older program is
// read without it.
func TestLastKnownWorkerFields(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	for what, tt := range map[string]struct {
		record string
		want   report.Worker
	}{
		"older": {
			`{"name":"web","guid":"g","index":1,"incarnation":2,"restarts":1,"state":"FATAL","ready":false,"reason":"exit code 7"}`,
			report.Worker{Name: "web", GUID: "g", Index: 1, Incarnation: 2, Restarts: 1, State: report.Fatal, StateCode: 200, Reason: "exit code 7"},
		},
		"whole": {
			`{"name":"web","guid":"g","index":0,"incarnation":2,"restarts":1,"state":"BACKOFF","ready":false,"reason":"r","since":"2030-01-31T12:00:00Z",` +
				`"deaths":3,"deaths_in_a_row":2,"began":"2030-01-31T12:00:00Z","began_before":"2030-01-31T12:00:00Z","rule":"rule",` +
				`"next_start":"2030-01-31T12:00:00Z","waits_for":["db"],"waits_in_vain":true,"status":"s","not_in_force":["nice"]}`,
			report.Worker{
				Name: "web", GUID: "g", Incarnation: 2, Restarts: 1, State: report.Backoff, StateCode: 30, Reason: "r", Since: at,
				Deaths: 3, DeathsInARow: 2, Began: at, BeganBefore: at, Rule: "rule", NextStart: at, WaitsFor: []string{"db"},
				WaitsInVain: true, Status: "s", Unenforced: []string{"nice"},
			},
		},
	} {
		state, problem := parseLastKnownState([]byte(`{"version":1,"workers":[` + tt.record + `]}`))
		if problem != "" || len(state.Workers) != 1 {
			t.Fatalf("%s: %q, %+v", what, problem, state)
		}
		if got := state.Workers[0].AsWorker(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", what, got, tt.want)
		}
		written := NewLastKnownState(1, true, []supervise.WorkerProcesses{{Worker: tt.want}}, nil)
		if text, err := json.Marshal(written.Workers[0]); err != nil || what == "whole" && string(text) != reorder(t, tt.record) {
			t.Errorf("%s: %s, %v", what, text, err)
		}
	}
}

// reorder returns the text of a record as the program writes it.
func reorder(t *testing.T, record string) string {
	t.Helper()
	var w LastKnownWorker
	if err := json.Unmarshal([]byte(record), &w); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
