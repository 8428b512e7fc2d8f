package supervise

import (
	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// markVariable is the environment variable with Options.Mark.
const markVariable = "INITIATOR_STATE"

// Leftovers says which processes of an initiator that was killed together with
// its keeper are to be ended: those with Mark, and those of the workers GUIDs,
// for workers that were started before there was a mark.
type Leftovers struct {
	Mark  string // Options.Mark of that initiator; "" = not known
	GUIDs []string
	// Held are the workers whose main process may go on. Its incarnation is
	// left alone while it runs.
	Held []keeper.KeptWorker
}

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
