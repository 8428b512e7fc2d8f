package main

import (
	"fmt"
	"time"
)

// tally counts what became of many tasks.
type tally struct {
	done, failed, running int
	doing, did            string // the words for running and done
	began                 time.Time
}

// line is how far it is, in one line.
func (c *tally) line(now time.Time) string {
	text := fmt.Sprintf("%d %s", c.done, c.did)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	if c.running > 0 {
		text += fmt.Sprintf(", %d %s", c.running, c.doing)
	}
	return text + c.rate(now)
}

// summary is what it came to.
func (c *tally) summary(now time.Time) string {
	text := fmt.Sprintf("%s: %d %s", plural(c.all(), "task"), c.done, c.did)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	return text + " in " + took(now.Sub(c.began)) + c.rate(now)
}

func (c *tally) all() int { return c.done + c.failed }

// rate is left out until it means something.
func (c *tally) rate(now time.Time) string {
	if span := now.Sub(c.began).Seconds(); span >= 1 && c.all() > 1 {
		return fmt.Sprintf(" (%.1f a second)", float64(c.all())/span)
	}
	return ""
}
