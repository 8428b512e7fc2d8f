package supervise

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"initiator/internal/keeper"
)

// sweepRounds bounds a sweep; between two rounds it waits a little longer each
// time, for the kernel to finish what KILL began.
const sweepRounds = 40

// calmRounds in a row must find nothing before a sweep ends: a process that is
// between two programs has no environment for a moment.
const calmRounds = 2

// KillLeftovers ends what is left of workers whose initiator and keeper were both
// killed, and names it: the leaders have died with the keeper, but a descendant
// that had called setsid lives on under init. guids are those of the last
// initiator. What runs below a keeper that lives is another initiator's, which
// may have been told the same guids, and is left alone.
func KillLeftovers(guids []string) (ended []string) {
	if len(guids) == 0 {
		return nil
	}
	return killByGUID(guids, nil)
}

// killByGUID ends every process of these workers that is left after the keeper
// died: those that are no longer anyone's child here, and are known only by
// INITIATOR_GUID in their environment. It returns their names. A process that
// has changed its environment, or whose we may not read, is not found.
//
// leaders are dying already. They are waited for, because a process loses its
// environment some time before its sockets, and its port is wanted again.
func killByGUID(guids []string, leaders []int) (ended []string) {
	marks := make(map[string]bool, len(guids))
	for _, g := range guids {
		marks[g] = true
	}
	seen, above := map[int]bool{}, listAncestors(os.Getpid())
	for _, pid := range leaders {
		seen[pid] = true
	}
	calm := 0
	for round := range sweepRounds {
		withheld := false
		for _, pid := range listPIDs() {
			if pid == os.Getpid() || !marks[guidOf(pid)] {
				continue
			}
			if belowOtherKeeper(pid, above) {
				withheld = true // unless that keeper is dying: then it is seen next time
				continue
			}
			if !seen[pid] {
				seen[pid] = true
				ended = append(ended, fmt.Sprintf("%d %s", pid, commandOf(pid)))
			}
			killIfStill(pid, marks)
		}
		if calm++; withheld || anyRuns(seen) {
			calm = 0
		}
		if calm == calmRounds {
			break
		}
		time.Sleep(time.Duration(round+1) * time.Millisecond)
	}
	return ended
}

// isRunning reads the fields of /proc/PID/stat that follow the name. A process
// is called a zombie as soon as its first thread has ended; its descriptors
// are closed when it has no other (the 18th field counts them).
func isRunning(f [][]byte) bool {
	return f[0][0] != 'Z' && f[0][0] != 'X' || string(f[17]) != "1" && string(f[17]) != "0"
}

// anyRuns reports whether one of them still has its descriptors.
func anyRuns(seen map[int]bool) bool {
	for pid := range seen {
		if _, f := readStat(pid); len(f) > 17 && isRunning(f) {
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

// belowOtherKeeper reports whether a process has a living keeper above it that we have not:
// below our own is whatever runs where we do.
func belowOtherKeeper(pid int, above []ancestor) bool {
	return slices.ContainsFunc(listAncestors(pid), func(a ancestor) bool {
		return keeper.IsKeeperName(a.name) && !a.dead && !slices.Contains(above, a)
	})
}

type ancestor struct {
	pid  int
	name string
	dead bool
}

// listAncestors are the parent of a process, its parent, and so on, without the
// first process of the system.
func listAncestors(pid int) (all []ancestor) {
	for pid = parentPID(pid); pid > 1; pid = parentPID(pid) {
		name, f := readStat(pid)
		all = append(all, ancestor{pid, name, len(f) > 17 && !isRunning(f)})
	}
	return all
}

// parentPID is 0 when there is no such process.
func parentPID(pid int) int {
	_, f := readStat(pid)
	if len(f) < 2 {
		return 0
	}
	number, _ := strconv.Atoi(string(f[1]))
	return number
}

// readStat gives the name in /proc/PID/stat, and the fields that follow it.
func readStat(pid int) (name string, fields [][]byte) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if err != nil || open < 0 || end < open {
		return "", nil
	}
	return string(stat[open+1 : end]), bytes.Fields(stat[end+1:])
}

func listPIDs() (found []int) {
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
