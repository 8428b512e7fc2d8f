package supervise

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// sweepRounds bounds a sweep; between two rounds it waits a little longer each
// time, for the kernel to finish what KILL began.
const sweepRounds = 40

// Sweep ends what is left of workers whose initiator and keeper were both
// killed, and names it: the leaders have died with the keeper, but a descendant
// that had called setsid lives on under init. guids are those of the last
// initiator; none of them may run under a keeper that lives.
func Sweep(guids []string) (ended []string) { return sweep(guids, nil) }

// sweep ends every process of these workers that is left after the keeper
// died: those that are no longer anyone's child here, and are known only by
// INITIATOR_GUID in their environment. It returns their names. A process that
// has changed its environment, or whose we may not read, is not found.
//
// leaders are dying already. They are waited for, because a process loses its
// environment some time before its sockets, and its port is wanted again.
func sweep(guids []string, leaders []int) (ended []string) {
	marks := make(map[string]bool, len(guids))
	for _, g := range guids {
		marks[g] = true
	}
	seen := map[int]bool{}
	for _, pid := range leaders {
		seen[pid] = true
	}
	for round := range sweepRounds {
		for _, pid := range pids() {
			if pid == os.Getpid() || !marks[guidOf(pid)] {
				continue
			}
			if !seen[pid] {
				seen[pid] = true
				ended = append(ended, fmt.Sprintf("%d %s", pid, commandOf(pid)))
			}
			killIfStill(pid, marks)
		}
		if !anyRuns(seen) {
			break
		}
		time.Sleep(time.Duration(round+1) * time.Millisecond)
	}
	return ended
}

// running reads the fields of /proc/PID/stat that follow the name. A process
// is called a zombie as soon as its first thread has ended; its descriptors
// are closed when it has no other (the 18th field counts them).
func running(f [][]byte) bool {
	return f[0][0] != 'Z' && f[0][0] != 'X' || string(f[17]) != "1" && string(f[17]) != "0"
}

// anyRuns reports whether one of them still has its descriptors.
func anyRuns(seen map[int]bool) bool {
	for pid := range seen {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		if f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]); len(f) > 17 && running(f) {
			return true
		}
	}
	return false
}

// killIfStill kills through a handle on the process (a pidfd), and looks again
// once it has it: the number may have gone to a stranger meanwhile.
func killIfStill(pid int, marks map[string]bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer func() { _ = p.Release() }()
	if marks[guidOf(pid)] {
		_ = p.Kill() // it may have ended by itself
	}
}

func pids() (found []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// guidOf reads INITIATOR_GUID from a living process's environment.
func guidOf(pid int) string {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for _, entry := range bytes.Split(env, []byte{0}) {
		if guid, ok := strings.CutPrefix(string(entry), "INITIATOR_GUID="); ok {
			return guid
		}
	}
	return ""
}

func commandOf(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " "))
}
