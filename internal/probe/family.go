package probe

import (
	"fmt"
	"strconv"

	"initiator/internal/procfs"
)

// family recognises the processes of one incarnation.
type family struct {
	owner  NotifyOwner
	main   int // the process id of the worker's main process
	keeper int // the parent of the main process; 0 = not known
	table  processTable
}

// processTable is what the kernel shows of processes: functions of procfs, or
// the processes of a test.
type processTable struct {
	stat    func(pid int) (procfs.Process, bool)
	environ func(pid int) []byte
	command func(pid int) string
}

// maxAncestors ends a search in a process table that changes meanwhile.
const maxAncestors = 1000

func newFamily(owner NotifyOwner, main int) *family {
	f := &family{owner: owner, main: main, table: processTable{procfs.ReadStat, procfs.ReadEnvironment, procfs.CommandName}}
	if p, ok := procfs.ReadStat(main); ok && p.Parent > 1 {
		f.keeper = p.Parent
	}
	return f
}

// describeStranger describes a sender that is not a process of the worker, and
// says why; "" = the sender is a process of the worker, or the kernel names no
// senders.
func (f *family) describeStranger(sender int) string {
	switch {
	case !namesSender:
		return ""
	case sender == 0:
		return "a process outside of this PID namespace"
	}
	if p, ok := f.table.stat(sender); !ok {
		return fmt.Sprintf("pid %d, which ended before it could be recognised as a process of this worker", sender)
	} else if f.contains(p) {
		return ""
	}
	return fmt.Sprintf("pid %d (%s), which is not a process of this worker", sender, f.table.command(sender))
}

// contains reports whether a process belongs to the worker: its main process or
// a process of that group is among the ancestors; or a parent has ended, the oldest
// living ancestor has become a child of the keeper, and the environment of that
// ancestor names the incarnation. An environment alone is no proof: every program can
// be started with any environment.
func (f *family) contains(p procfs.Process) bool {
	for range maxAncestors {
		if p.PID == f.main || p.Group == f.main {
			return true
		}
		if f.keeper != 0 && p.Parent == f.keeper {
			return f.isMarked(p.PID)
		}
		parent, ok := f.table.stat(p.Parent)
		if !ok || p.Parent <= 1 {
			return false
		}
		p = parent
	}
	return false
}

func (f *family) isMarked(pid int) bool {
	environ := f.table.environ(pid)
	return procfs.EnvironValue(environ, "INITIATOR_GUID") == f.owner.GUID &&
		procfs.EnvironValue(environ, "INITIATOR_INCARNATION") == strconv.Itoa(f.owner.Incarnation)
}
