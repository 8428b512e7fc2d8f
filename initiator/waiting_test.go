package initiator_test

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// A queued task says what it waits for, and what a person has to do about it.
func TestQueuedTaskSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:rests]
command = ${initiator:self} job echo
autostart = false

[worker:busy]
command = ${initiator:self} job sleep
`)
	for _, c := range []struct {
		name    string
		request task.Request
		paused  bool
		want    string
	}{
		{"no worker is ready", task.Request{Pool: "rests"}, false, "no worker of rests is ready: `initiator why rests` says why"},
		{"it was paused", task.Request{Pool: "busy"}, true, "its pool is paused: `initiator resume busy` lets it go on"},
		{"its time has not come", task.Request{Pool: "busy", Delay: task.Seconds(time.Hour)}, false, "waits until "},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := in.Client().Resume
			if c.paused {
				change = in.Client().Pause
			}
			if _, err := change(t.Context(), c.request.Pool); err != nil {
				t.Fatal(err)
			}
			queued, err := in.Client().Submit(t.Context(), c.request)
			if err != nil {
				t.Fatal(err)
			}
			got, err := in.Client().Task(t.Context(), queued.ID)
			if err != nil || !strings.HasPrefix(got.Reason, c.want) {
				t.Errorf("%q, %v; want %q", got.Reason, err, c.want)
			}
			list, err := in.Client().List(t.Context(), task.Filter{Pool: c.request.Pool, Limit: 1})
			if err != nil || list[0].Reason != got.Reason {
				t.Errorf("the list says %q, %v", list[0].Reason, err)
			}
		})
	}
	if s := in.Initiator().Status(); len(s.Paused) != 0 {
		t.Errorf("paused: %v", s.Paused)
	}
	if _, err := in.Client().Pause(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	if s := in.Initiator().Status(); strings.Join(s.Paused, " ") != "rests busy" {
		t.Errorf("paused: %v", s.Paused)
	}
}
