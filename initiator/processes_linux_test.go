package initiator_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/internal/testlength"

	"golang.org/x/sys/unix"
)

// markedProcesses lists the processes that carry a mark in their environment.
func markedProcesses(t *testing.T, mark string) []string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, path := range found {
		env, err := os.ReadFile(path)
		if err == nil && bytes.Contains(env, []byte(mark)) {
			cmd, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			list = append(list, filepath.Base(filepath.Dir(path))+" "+string(bytes.ReplaceAll(cmd, []byte{0}, []byte{' '})))
		}
	}
	return list
}

// waitNoProcess waits until no process carries the mark.
func waitNoProcess(t *testing.T, mark string) {
	t.Helper()
	began := time.Now()
	for time.Since(began) < testlength.Patience {
		if len(markedProcesses(t, mark)) == 0 {
			t.Logf("nothing is left after %v", time.Since(began).Round(time.Millisecond))
			return
		}
	}
	t.Fatalf("left behind: %q", markedProcesses(t, mark))
}

// keepersWithMark lists the keepers that carry a mark.
func keepersWithMark(t *testing.T, mark string) (pids []int) {
	t.Helper()
	for _, line := range markedProcesses(t, mark) {
		pid, title, _ := strings.Cut(line, " ")
		if strings.HasPrefix(title, "initiator-keeper") {
			var n int
			_, _ = fmt.Sscan(pid, &n)
			pids = append(pids, n)
		}
	}
	return pids
}

func isAlive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// pidsOfWorker lists the pids that carry a worker's guid.
func pidsOfWorker(t *testing.T, guid string) []int {
	t.Helper()
	var pids []int
	for _, line := range markedProcesses(t, "INITIATOR_GUID="+guid) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	if len(pids) < 2 {
		t.Fatalf("worker %s has processes %v; want it and its escaped child", guid, pids)
	}
	return pids
}

func parentPID(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	var parent int
	rest := stat[bytes.LastIndexByte(stat, ')')+1:]
	var state string
	if _, err := fmt.Sscan(string(rest), &state, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}

// ended returns a channel that is closed when a process has ended.
func ended(t *testing.T, pid int) <-chan struct{} {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer unix.Close(fd)
		for {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != unix.EINTR {
				return
			}
		}
	}()
	return done
}

// signalAndWait waits until a signal has ended a process.
func signalAndWait(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	dead := ended(t, pid)
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	<-dead
}

// readMarks reads what a process was told of itself.
func readMarks(pid int) (guid, incarnation string) {
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)) // of one that is gone: none
	for _, entry := range strings.Split(string(env), "\x00") {
		if v, ok := strings.CutPrefix(entry, "INITIATOR_GUID="); ok {
			guid = v
		}
		if v, ok := strings.CutPrefix(entry, "INITIATOR_INCARNATION="); ok {
			incarnation = v
		}
	}
	return guid, incarnation
}
