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

// KillLeftovers ends the processes that are left of an initiator and a keeper
// that were both killed, and returns their names. Most workers have died with
// the keeper, but a kept worker and every descendant of a worker go on under
// init. A process below a living keeper belongs to another initiator, which may
// use the same GUIDs, and is left alone.
func KillLeftovers(of Leftovers) (ended []string) { return killLeftovers(of, nil) }

// killLeftovers is KillLeftovers with the leaders of killMatching.
func killLeftovers(of Leftovers, leaders []int) (ended []string) {
	if len(of.Workers) == 0 && (of.Mark == "" || of.OnlyWorkers) {
		return nil
	}
	return killMatching(newLeftoverIndex(of).includes, leaders)
}

// killMatching ends every process for which matches reports true, and returns
// the names of the processes.
//
// leaders are first processes that are dying already. killMatching waits for
// them, because a process loses its environment before its sockets, and the
// next process needs the port.
func killMatching(matches func(pid int) bool, leaders []int) (ended []string) {
	seen, above := map[int]bool{}, listAncestors(os.Getpid())
	for _, pid := range leaders {
		seen[pid] = true
	}
	quiet := 0
	for round := range sweepRounds {
		withheld := false
		for _, pid := range procfs.ListPIDs() {
			if pid == os.Getpid() || !matches(pid) {
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
			killIfStill(pid, matches)
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

// killIfStill kills a process through a handle (a pidfd), and looks at it again
// when it has the handle: another process may have got the number in the
// meantime.
func killIfStill(pid int, matches func(pid int) bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer func() { _ = p.Release() }()
	if matches(pid) {
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
