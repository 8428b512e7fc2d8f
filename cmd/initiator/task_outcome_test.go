package main

import (
	"testing"
	"time"

	"initiator/initiator/task"
)

func TestOutcomeCode(t *testing.T) {
	after := func(state task.State, outcomes ...task.Outcome) task.Task {
		x := task.Task{State: state}
		for _, o := range outcomes {
			x.History = append(x.History, task.Attempt{Outcome: o})
		}
		return x
	}
	for name, c := range map[string]struct {
		task task.Task
		want int
	}{
		"completed":                    {after(task.Completed, task.OutcomeCompleted), 0},
		"completed after a timeout":    {after(task.Completed, task.OutcomeTimedOut, task.OutcomeCompleted), 0},
		"failed":                       {after(task.Failed, task.OutcomeFailed), 1},
		"failed after a timeout":       {after(task.Failed, task.OutcomeTimedOut, task.OutcomeFailed), 1},
		"cancelled":                    {after(task.Cancelled, task.OutcomeCancelled), 1},
		"cancelled in the queue":       {after(task.Cancelled), 1},
		"dead of lost workers":         {after(task.Dead, task.OutcomeLost, task.OutcomeLost), 1},
		"dead of failures":             {after(task.Dead, task.OutcomeRetry), 1},
		"dead of timeouts":             {after(task.Dead, task.OutcomeLost, task.OutcomeTimedOut), 124},
		"deadline in an attempt":       {after(task.Failed, task.OutcomeDeadline), 124},
		"deadline in the queue":        {after(task.Failed), 124},
		"deadline after a lost worker": {after(task.Failed, task.OutcomeLost), 124},
		"its time is over":             {overran(task.Task{State: task.Failed, Policy: task.Policy{Timeout: task.Seconds(time.Second)}}), 124},
		"its deadline is over":         {overran(task.Task{State: task.Failed, Deadline: time.Unix(1001, 0)}), 124},
		"failed in time":               {overran(task.Task{State: task.Failed, Deadline: time.Unix(1002, 0), Policy: task.Policy{Timeout: task.Seconds(2 * time.Second)}}), 1},
	} {
		if got, _ := outcomeCode(c.task); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}

// overran adds an attempt of one second that the handler itself failed.
func overran(x task.Task) task.Task {
	x.History = []task.Attempt{{Outcome: task.OutcomeFailed, Start: time.Unix(1000, 0), End: time.Unix(1001, 0)}}
	return x
}
