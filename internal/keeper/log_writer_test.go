package keeper

import (
	"strings"
	"testing"
)

// TestLogJobPanics: a panic of a job is kept for the loop, because the thread of a
// logWriter has no stderr.
func TestLogJobPanics(t *testing.T) {
	t.Parallel()
	w := &logWriter{}
	j := &logJob{do: func() error { panic("a fault") }, report: func(error) { t.Error("the job was reported") }}
	w.jobs = append(w.jobs, j)
	if !w.doNext() || !strings.HasPrefix(j.panic, "a fault\n") || !strings.Contains(j.panic, "doNext") {
		t.Errorf("the panic is %q", j.panic)
	}
	l := &loop{}
	defer func() {
		if got := recover(); got != j.panic {
			t.Errorf("the loop has the panic %v", got)
		}
	}()
	l.collectJobs(w)
}
