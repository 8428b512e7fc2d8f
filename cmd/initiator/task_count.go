package main

import (
	"fmt"
	"time"

	"initiator/cmd/initiator/internal/terminal"
)

// taskCount counts the tasks of a verb that handles many.
type taskCount struct {
	done, failed, running int
	doing, did            string // the words for running and done
	began                 time.Time
}

// progressLine returns the counts so far in one line.
func (c *taskCount) progressLine(now time.Time) string {
	text := fmt.Sprintf("%d %s", c.done, c.did)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	if c.running > 0 {
		text += fmt.Sprintf(", %d %s", c.running, c.doing)
	}
	return text + c.rateText(now)
}

// summaryLine returns the counts at the end.
func (c *taskCount) summaryLine(now time.Time) string {
	text := fmt.Sprintf("%s: %d %s", terminal.Plural(c.ended(), "task"), c.done, c.did)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	return text + " in " + terminal.FormatElapsed(now.Sub(c.began)) + c.rateText(now)
}

// ended returns the number of tasks that have ended.
func (c *taskCount) ended() int { return c.done + c.failed }

// rateText returns the tasks per second; "" in the first second.
func (c *taskCount) rateText(now time.Time) string {
	if span := now.Sub(c.began).Seconds(); span >= 1 && c.ended() > 1 {
		return fmt.Sprintf(" (%.1f a second)", float64(c.ended())/span)
	}
	return ""
}
