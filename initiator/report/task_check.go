package report

import (
	"fmt"
	"time"
)

// TaskCheck is the damage of the task files.
type TaskCheck struct {
	// Files are the task files; only without a running initiator.
	Files []FileReport `json:"files,omitempty"`
	// Unrepaired is damage that the files have now. A start repairs it.
	Unrepaired []Damage `json:"unrepaired"`
	// TornEnd is an incomplete batch at the end of the newest file, which the next
	// start cuts off.
	TornEnd string `json:"torn_end,omitempty"`
	// Repaired is damage that starts have found since Since, and that was not
	// accepted yet.
	Repaired []Damage  `json:"repaired"`
	Since    time.Time `json:"since,omitzero"`
	// Changes is the number of tasks of which only changes are left.
	Changes int `json:"changes,omitempty"`
	// Running is damage that the running initiator has found after its start.
	Running string `json:"running,omitempty"`
	// Restored says that the state directory was restored from a backup, which is no
	// damage. It was not accepted yet.
	Restored string `json:"restored,omitempty"`
}

// IsDamaged reports whether there is any damage.
func (c TaskCheck) IsDamaged() bool {
	return len(c.Unrepaired)+len(c.Repaired) > 0 || c.Running != ""
}

// FileReport describes a task file.
type FileReport struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"` // bytes
	Records int    `json:"records"`
}

// UnknownRecords is Damage.Records when the number is unknown.
const UnknownRecords = -1

// Damage is a part of a task file that cannot be read. Every other record of the
// file counts.
type Damage struct {
	File string `json:"file"` // its name in the state directory
	// From and To are positions in the file. Both are 0 when the whole file is
	// missing.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Records is the number of lost records, UnknownRecords = unknown. A record
	// is the submit of a task or one of its changes.
	Records int    `json:"records"`
	Reason  string `json:"reason"` // what is wrong
	// Saved is the file in the state directory that has the damaged bytes; "" =
	// there is none, because the file is missing or nothing could be written.
	Saved string `json:"saved,omitempty"`
}

// String describes the damage in a line.
func (d Damage) String() string {
	text := d.File
	if d.To > 0 {
		text = fmt.Sprintf("%s, bytes %d to %d", d.File, d.From, d.To)
	}
	return text + ": " + d.Reason + "; " + d.lostText()
}

// lostText says how many records are lost.
func (d Damage) lostText() string {
	switch d.Records {
	case UnknownRecords:
		return "it is unknown how many records are lost"
	case 0:
		return "no record is lost"
	case 1:
		return "1 record is lost"
	}
	return fmt.Sprintf("%d records are lost", d.Records)
}
