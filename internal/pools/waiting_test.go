package pools

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/queue"
)

func TestWaitReason(t *testing.T) {
	t.Parallel()
	now := time.Now()
	queued := task.Task{Pool: "p", State: task.Queued, Reason: queue.ReasonWaitsForSlot}
	later, retried := queued, queued
	later.NotBefore, retried.NotBefore = now.Add(time.Hour), now.Add(time.Hour)
	retried.Reason = "attempt 1 failed"
	for _, c := range []struct {
		name          string
		task          task.Task
		paused, ready bool
		want          string
	}{
		{"terminal", task.Task{State: task.Failed, Reason: "why"}, true, false, "why"},
		{"paused", later, true, false, "its pool is paused"},
		{"delayed", later, false, false, "waits until "},
		{"retried later", retried, false, false, "attempt 1 failed"},
		{"no ready worker", queued, false, false, "no worker of p is ready"},
		{"waits for a slot", queued, false, true, queue.ReasonWaitsForSlot},
	} {
		if got := waitReason(c.task, now, c.paused, c.ready); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReadyPools(t *testing.T) {
	t.Parallel()
	ready := readyPools([]report.Worker{
		{Name: "a", State: report.Running, Ready: true},
		{Name: "a", State: report.Fatal},
		{Name: "b", State: report.Running},
		{Name: "c", State: report.Starting, Ready: true},
	})
	if len(ready) != 1 || !ready["a"] {
		t.Errorf("ready: %v", ready)
	}
}
