package workerlog

import (
	"slices"
	"testing"
	"time"

	"initiator/internal/api"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// The last output is wanted of a process that should not have ended, and is read
// where that process wrote it.
func TestLastOutputQuery(t *testing.T) {
	t.Parallel()
	began := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	code := lifecycle.Exit{Class: lifecycle.ExitNonzero, Code: 3}
	for _, c := range []struct {
		name   string
		state  lifecycle.State
		exit   lifecycle.Exit
		wanted bool
		want   api.LogQuery
	}{
		{"given up", lifecycle.Fatal, code, true, api.LogQuery{Tail: lastLines, Since: began}},
		{"waits for its next start", lifecycle.Backoff, code, true, api.LogQuery{Tail: lastLines, Since: began}},
		{"ended with an unexpected code", lifecycle.Exited, code, true, api.LogQuery{Tail: lastLines, Since: began}},
		{"its successor starts", lifecycle.Starting, code, true, api.LogQuery{Tail: lastLines, Previous: true}},
		{"its successor is healthy", lifecycle.Running, code, false, api.LogQuery{Tail: lastLines}},
		{"stopped", lifecycle.Stopped, code, false, api.LogQuery{Tail: lastLines}},
		{"ended well", lifecycle.Exited, lifecycle.Exit{Class: lifecycle.ExitClean}, false, api.LogQuery{Tail: lastLines}},
		{"has never ended", lifecycle.Starting, lifecycle.Exit{}, false, api.LogQuery{Tail: lastLines}},
	} {
		got, wanted := lastOutputQuery(supervise.Worker{State: c.state, LastExit: c.exit, Began: began})
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
