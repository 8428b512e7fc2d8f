package keepertest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stopTimeout is how long a stop may take: until each thread of the process has
// had a processor once.
const stopTimeout = 30 * time.Second

// SuspendProcess stops a process with SIGSTOP and returns when none of its
// threads runs any more: kill(2) returns before the signal has had its effect
// on every thread. Without /proc it only sends the signal.
func SuspendProcess(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatalf("suspend process %d: %v", pid, err)
	}
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); !allStopped(pid); <-tick.C {
		if time.Since(began) > stopTimeout {
			t.Fatalf("suspend process %d: it still runs after %s", pid, stopTimeout)
		}
	}
}

// allStopped reports whether all threads of a process are stopped. A thread
// that has ended meanwhile counts as stopped.
func allStopped(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*/stat", pid))
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The name before the state is in parentheses, and may hold
		// parentheses.
		if rest := stat[bytes.LastIndexByte(stat, ')')+1:]; !bytes.HasPrefix(rest, []byte(" T ")) {
			return false
		}
	}
	return true
}
