package main

import (
	"fmt"
	"slices"
	"strings"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// unrecoverable returns for each worker of a pool why it will not take a task
// unless a person acts: it was given up, or keeps failing. It is empty while a
// worker runs or may still start.
// stoppedCounts says whether a worker that is merely STOPPED counts as given
// up; during the start it does not.
func unrecoverable(pool string, list []report.Worker, stoppedCounts bool) []string {
	return poolReasons(pool, list, stoppedCounts, nil)
}

// poolReasons follows `after` from pool to pool; seen are the pools on the way.
func poolReasons(pool string, list []report.Worker, stoppedCounts bool, seen []string) []string {
	if slices.Contains(seen, pool) {
		return nil
	}
	var why []string
	workers := 0
	for _, w := range list {
		if w.Name != pool {
			continue
		}
		workers++
		reason := unrecoverableReason(w, list, stoppedCounts, append(slices.Clip(seen), pool))
		if reason == "" {
			return nil
		}
		why = append(why, reason)
	}
	if workers == 0 && stoppedCounts {
		return []string{fmt.Sprintf("%s has no workers", pool)}
	}
	return why
}

// unrecoverableReason returns why a worker will not start by itself, or why a
// command does not wait for its next start; "" when it may start.
func unrecoverableReason(w report.Worker, list []report.Worker, stoppedCounts bool, seen []string) string {
	line := fmt.Sprintf("%s %s is %s: %s", w.Name, terminal.ShortGUID(w.GUID), w.State, w.Reason)
	switch {
	case w.State == report.Fatal, w.State == report.Exited:
		return line
	case w.State == report.Backoff && w.KeepsFailing(): // in STARTING, this start may succeed
		return w.Name + " keeps failing: " + w.Reason
	case w.State != report.Stopped:
		return ""
	case len(w.WaitsFor) == 0:
		if stoppedCounts {
			return line
		}
		return ""
	}
	for _, item := range w.WaitsFor {
		name, condition, _ := strings.Cut(item, ":")
		if done := strings.TrimSpace(condition); strings.HasPrefix(done, "completed") && !hasFailed(name, list) {
			continue
		}
		if why := poolReasons(name, list, stoppedCounts, seen); len(why) > 0 {
			return line + "; " + strings.Join(why, "; ")
		}
	}
	return ""
}

// hasFailed reports whether a worker of a pool is FATAL or keeps failing. A
// worker that waits for the completion of the pool then waits for a person;
// EXITED may be the completion itself.
func hasFailed(pool string, list []report.Worker) bool {
	return slices.ContainsFunc(list, func(w report.Worker) bool {
		return w.Name == pool && (w.State == report.Fatal || w.KeepsFailing())
	})
}
