package main

import (
	"fmt"
	"slices"
	"strings"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// unrecoverable says, worker by worker, why nobody in a pool will ever take a task
// unless a person does something. It is empty while one works, or may yet.
// Resting tells whether a worker that is merely STOPPED counts as given up:
// where everything has only just begun, it does not.
func unrecoverable(pool string, list []supervise.Worker, resting bool) []string {
	return poolReasons(pool, list, resting, nil)
}

// poolReasons follows `after` from pool to pool; seen are those on the way.
func poolReasons(pool string, list []supervise.Worker, resting bool, seen []string) []string {
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
		reason := unrecoverableReason(w, list, resting, append(slices.Clip(seen), pool))
		if reason == "" {
			return nil
		}
		why = append(why, reason)
	}
	if workers == 0 && resting {
		return []string{fmt.Sprintf("%s has no workers", pool)}
	}
	return why
}

// unrecoverableReason is why one worker will not come up by itself; "" when it may.
func unrecoverableReason(w supervise.Worker, list []supervise.Worker, resting bool, seen []string) string {
	line := fmt.Sprintf("%s %s is %s: %s", w.Name, terminal.ShortGUID(w.GUID), w.State, w.Reason)
	switch {
	case w.State == lifecycle.Fatal, w.State == lifecycle.Exited:
		return line
	case w.State != lifecycle.Stopped:
		return ""
	case len(w.WaitsFor) == 0:
		if resting {
			return line
		}
		return ""
	}
	for _, item := range w.WaitsFor {
		name, condition, _ := strings.Cut(item, ":")
		if done := strings.TrimSpace(condition); strings.HasPrefix(done, "completed") && !hasFatal(name, list) {
			continue
		}
		if why := poolReasons(name, list, resting, seen); len(why) > 0 {
			return line + "; " + strings.Join(why, "; ")
		}
	}
	return ""
}

// hasFatal says whether a pool has a worker that was given up. What waits for its
// completion waits for ever then; an EXITED one may be just what it waits for.
func hasFatal(pool string, list []supervise.Worker) bool {
	return slices.ContainsFunc(list, func(w supervise.Worker) bool {
		return w.Name == pool && w.State == lifecycle.Fatal
	})
}
