package supervise

import (
	"fmt"
	"os"
	"slices"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// sweepRounds is the greatest number of rounds. Each pause between two rounds
// is a little longer, so that the kernel can finish what KILL has begun.
const sweepRounds = 40

// quietRounds is how many rounds in a row must find nothing: a process in the
// middle of an exec has no environment for a moment.
const quietRounds = 2

// KillLeftovers ends the processes that are left of workers whose initiator and
// keeper were both killed, and returns their names. The workers' first
// processes have died with the keeper, but a descendant that had called setsid
// goes on under init. guids are the GUIDs of the last initiator's workers. A
// process below a living keeper belongs to another initiator, which may use the
// same GUIDs, and is left alone.
func KillLeftovers(guids []string) (ended []string) {
	if len(guids) == 0 {
		return nil
	}
	return killByGUID(guids, nil)
}

// killByGUID ends every process of these workers that is left after the keeper
// has died: it is no descendant of this process any more, and only
// INITIATOR_GUID in its environment identifies it. It returns the names of the
// processes. It does not find a process that has changed its environment, or
// whose environment may not be read.
//
// leaders are first processes that are dying already. killByGUID waits for
// them, because a process loses its environment before its sockets, and the
// next process needs the port.
func killByGUID(guids []string, leaders []int) (ended []string) {
	marks := make(map[string]bool, len(guids))
	for _, g := range guids {
		marks[g] = true
	}
	seen, above := map[int]bool{}, listAncestors(os.Getpid())
	for _, pid := range leaders {
		seen[pid] = true
	}
	quiet := 0
	for round := range sweepRounds {
		withheld := false
		for _, pid := range procfs.ListPIDs() {
			if pid == os.Getpid() || !marks[guidOf(pid)] {
				continue
			}
			if belowOtherKeeper(pid, above) {
				withheld = true // that keeper may be dying, so look again in the next round
				continue
			}
			if !seen[pid] {
				seen[pid] = true
				ended = append(ended, fmt.Sprintf("%d %s", pid, procfs.CommandLine(pid)))
			}
			killIfStill(pid, marks)
		}
		if quiet++; withheld || anyRuns(seen) {
			quiet = 0
		}
		if quiet == quietRounds {
			break
		}
		time.Sleep(time.Duration(round+1) * time.Millisecond)
	}
	return ended
}

// anyRuns reports whether one of the processes still has its descriptors.
func anyRuns(seen map[int]bool) bool {
	for pid := range seen {
		if p, ok := procfs.ReadStat(pid); ok && !p.Ended {
			return true
		}
	}
	return false
}

// killIfStill kills a process through a handle (a pidfd), and checks the mark
// again when it has the handle: another process may have got the number in the
// meantime.
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

// belowOtherKeeper reports whether a process has a living keeper above it that
// is not above this process as well: workers below this process's own keeper
// are its siblings.
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

// listAncestors returns the parent of a process, its parent, and so on, without
// the first process of the system.
func listAncestors(pid int) (all []ancestor) {
	for pid = parentPID(pid); pid > 1; pid = parentPID(pid) {
		p, _ := procfs.ReadStat(pid)
		all = append(all, ancestor{pid, procfs.CommandName(pid), p.Ended})
	}
	return all
}

// parentPID returns 0 when there is no such process.
func parentPID(pid int) int {
	p, _ := procfs.ReadStat(pid)
	return p.Parent
}
