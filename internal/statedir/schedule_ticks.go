package statedir

import (
	"maps"
	"time"
)

const scheduleTicksName = "schedules.json"

var scheduleTicksKind = fileKind{
	what: "initiator schedules", version: 1,
	remedy: "it is safe to delete: every schedule then begins with its next tick",
	loss:   "every schedule begins with its next tick, and a tick that was missed is not made up (missed = once)",
}

type scheduleTicksFile struct {
	header
	Last map[string]time.Time `json:"last"`
}

// ScheduleTicks has, for each schedule by name, the last tick that has fired or
// was skipped. One goroutine owns it.
type ScheduleTicks struct {
	Last map[string]time.Time

	dir *Dir
}

// ReadScheduleTicks reads the ticks. The error is a *FormatError for a file that
// cannot be used; there are no ticks then.
func (d *Dir) ReadScheduleTicks() (*ScheduleTicks, error) {
	s := &ScheduleTicks{Last: map[string]time.Time{}, dir: d}
	var f scheduleTicksFile
	if err := d.readFile(scheduleTicksName, &f, scheduleTicksKind); err != nil {
		return s, err
	}
	maps.Copy(s.Last, f.Last)
	return s, nil
}

// Write writes the ticks durably.
func (s *ScheduleTicks) Write() error {
	return s.dir.writeFileDurably(scheduleTicksName, scheduleTicksFile{s.dir.newHeader(scheduleTicksKind), s.Last})
}
