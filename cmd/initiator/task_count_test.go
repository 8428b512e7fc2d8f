package main

import (
	"testing"
	"time"
)

func TestTaskCount(t *testing.T) {
	began := time.Now()
	c := taskCount{done: 7, failed: 1, running: 2, doing: "running", did: "completed", began: began}
	if got := c.progressLine(began.Add(4 * time.Second)); got != "7 completed, 1 failed, 2 running (2.0 a second)" {
		t.Error(got)
	}
	c.failed, c.running = 0, 0
	if got := c.summaryLine(began.Add(20 * time.Millisecond)); got != "7 tasks: 7 completed in 20 ms" {
		t.Error(got)
	}
}
