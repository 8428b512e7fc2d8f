package initiator

import (
	"slices"
	"testing"
	"time"

	"initiator/internal/api"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// TestObituary: last words are told of whom something went wrong with, and
// looked for where that process wrote them.
func TestObituary(t *testing.T) {
	began := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	code := lifecycle.Exit{Class: lifecycle.ExitNonzero, Code: 3}
	for _, c := range []struct {
		name    string
		state   lifecycle.State
		exit    lifecycle.Exit
		mourned bool
		want    api.LogQuery
	}{
		{"given up", lifecycle.Fatal, code, true, api.LogQuery{Tail: fewLines, Since: began}},
		{"waits for its next start", lifecycle.Backoff, code, true, api.LogQuery{Tail: fewLines, Since: began}},
		{"ended with a code nobody expects", lifecycle.Exited, code, true, api.LogQuery{Tail: fewLines, Since: began}},
		{"its successor starts", lifecycle.Starting, code, true, api.LogQuery{Tail: fewLines, Previous: true}},
		{"its successor is well", lifecycle.Running, code, false, api.LogQuery{Tail: fewLines}},
		{"stopped", lifecycle.Stopped, code, false, api.LogQuery{Tail: fewLines}},
		{"ended well", lifecycle.Exited, lifecycle.Exit{Class: lifecycle.ExitClean}, false, api.LogQuery{Tail: fewLines}},
		{"has never ended", lifecycle.Starting, lifecycle.Exit{}, false, api.LogQuery{Tail: fewLines}},
	} {
		got, mourned := obituary(supervise.Worker{State: c.state, LastExit: c.exit, Began: began})
		if got != c.want || mourned != c.mourned {
			t.Errorf("%s: %+v %v, want %+v %v", c.name, got, mourned, c.want, c.mourned)
		}
	}
}

// TestBare: a line without a time of ours is left as it is.
func TestBare(t *testing.T) {
	lines := []api.LogLine{{At: time.Now(), Line: "2030-01-31T12:00:00.000Z a b"}, {Line: "a b"}, {At: time.Now(), Line: "2030-01-31T12:00:00.000Z "}}
	var got []string
	for _, l := range lines {
		got = append(got, bare(l))
	}
	if want := []string{"a b", "a b", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
