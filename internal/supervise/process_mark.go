package supervise

import "initiator/internal/procfs"

// markVariable is the environment variable with Options.Mark.
const markVariable = "INITIATOR_STATE"

// processStart returns when a process began, in ticks since boot. A process
// that has ended and was not waited for counts as gone.
func processStart(pid int) (uint64, bool) {
	p, ok := procfs.ReadStat(pid)
	return p.Start, ok && !p.Ended
}
