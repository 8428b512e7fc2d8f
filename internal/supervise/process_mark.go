package supervise

import "initiator/internal/procfs"

// processStart returns when a process began, in ticks since boot. A process
// that has ended and was not waited for counts as gone.
func processStart(pid int) (uint64, bool) {
	p, ok := procfs.ReadStat(pid)
	return p.Start, ok && !p.Ended
}

// guidOf returns INITIATOR_GUID from the environment of a living process; ""
// when it is not known.
func guidOf(pid int) string {
	return procfs.EnvironValue(procfs.ReadEnvironment(pid), "INITIATOR_GUID")
}
