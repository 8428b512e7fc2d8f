package workerlog

import (
	"slices"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/api"
)

// The last output is wanted of a process that should not have ended, and is read
// where that process wrote it.
func TestLastOutputQuery(t *testing.T) {
	t.Parallel()
	began := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	code := report.Exit{Class: report.ExitNonzero, Code: 3}
	for _, c := range []struct {
		name   string
		state  report.State
		exit   report.Exit
		wanted bool
		want   report.LogQuery
	}{
		{"given up", report.Fatal, code, true, report.LogQuery{Tail: lastLines, Since: began}},
		{"waits for its next start", report.Backoff, code, true, report.LogQuery{Tail: lastLines, Since: began}},
		{"ended with an unexpected code", report.Exited, code, true, report.LogQuery{Tail: lastLines, Since: began}},
		{"its successor starts", report.Starting, code, true, report.LogQuery{Tail: lastLines, Previous: true}},
		{"its successor is healthy", report.Running, code, false, report.LogQuery{Tail: lastLines}},
		{"stopped", report.Stopped, code, false, report.LogQuery{Tail: lastLines}},
		{"ended well", report.Exited, report.Exit{Class: report.ExitClean}, false, report.LogQuery{Tail: lastLines}},
		{"has never ended", report.Starting, report.Exit{}, false, report.LogQuery{Tail: lastLines}},
	} {
		got, wanted := lastOutputQuery(report.Worker{State: c.state, LastExit: c.exit, Began: began})
		if got != c.want || wanted != c.wanted {
			t.Errorf("%s: %+v %v, want %+v %v", c.name, got, wanted, c.want, c.wanted)
		}
	}
}

// A line without a time of the keeper is left as it is.
func TestWithoutTime(t *testing.T) {
	t.Parallel()
	lines := []api.LogText{{At: time.Now(), Text: []byte("2030-01-31T12:00:00.000Z a b")}, {Text: []byte("a b")}, {At: time.Now(), Text: []byte("2030-01-31T12:00:00.000Z ")}}
	var got []string
	for _, l := range lines {
		got = append(got, withoutTime(l))
	}
	if want := []string{"a b", "a b", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
