package statedir

import (
	"fmt"
	"strings"
	"time"

	"initiator/initiator/report"
	"initiator/internal/queue"
)

const damagedTasksName = "damaged.json"

var damagedTasksKind = fileKind{
	what: "initiator damaged tasks", version: 1,
	remedy: "it is safe to delete: it says which tasks were damaged before",
	loss:   "which task files were damaged before is unknown: the directories damaged-* have what was saved of them",
}

// DamagedTasks is the damage of the task files that was not accepted yet. The zero
// value means no damage.
type DamagedTasks struct {
	Since time.Time `json:"since,omitzero"` // when the first damage was found
	queue.Damage
}

// damagedTasksFile is the content of the file.
type damagedTasksFile struct {
	header
	DamagedTasks
}

// ReadDamagedTasks reads what was damaged. The error is a *FormatError for a file
// that cannot be used.
func (d *Dir) ReadDamagedTasks() (DamagedTasks, error) {
	var f damagedTasksFile
	err := d.readFile(damagedTasksName, &f, damagedTasksKind)
	return f.DamagedTasks, err
}

// NoteDamage adds damage to the file, durably. Damage that the file has already
// changes nothing: an interrupted repair finds it again. A file that cannot be
// used is replaced.
func (d *Dir) NoteDamage(found queue.Damage) error {
	all, _ := d.ReadDamagedTasks() // without the older damage the newer is still true
	if err := d.writeFileDurably(damagedTasksName, damagedTasksFile{d.newHeader(damagedTasksKind), all.Add(found, time.Now())}); err != nil {
		return fmt.Errorf("write down the damage: %w", err)
	}
	return nil
}

// Add returns t with damage that was found at a time.
func (t DamagedTasks) Add(found queue.Damage, now time.Time) DamagedTasks {
	if t.Since.IsZero() {
		t.Since = now
	}
	t.Changes = max(t.Changes, found.Changes)
	places := append([]report.Damage{}, t.Places...)
	for _, p := range found.Places {
		if !t.has(p) {
			places = append(places, p)
		}
	}
	t.Places = places
	return t
}

// has reports whether a place is known.
func (t DamagedTasks) has(p report.Damage) bool {
	for _, known := range t.Places {
		if known.File == p.File && known.From == p.From {
			return true
		}
	}
	return false
}

// IsDamaged reports whether anything was damaged.
func (t DamagedTasks) IsDamaged() bool { return len(t.Places) > 0 }

// maxListedPlaces is how many places a reason names.
const maxListedPlaces = 5

// Reason says what happened, what it costs and what to do, in one line.
func (t DamagedTasks) Reason() string {
	var b strings.Builder
	fmt.Fprintf(&b, "task files were damaged (found %s): ", t.Since.Format(time.DateTime))
	for i, p := range t.Places {
		if i == maxListedPlaces {
			fmt.Fprintf(&b, "; and %d more places", len(t.Places)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.String())
	}
	b.WriteString(". A task whose submit was lost is gone, and a task whose end was lost may run again. All other tasks were read")
	if t.Changes > 0 {
		fmt.Fprintf(&b, ". Of %d tasks only changes are left: they are gone, or had been dropped before", t.Changes)
	}
	b.WriteString(". `initiator task check` shows the places, and with --accept ends this message")
	return b.String()
}

// AcceptDamage removes the file: a person has seen it. It returns what the file
// said.
func (d *Dir) AcceptDamage() (DamagedTasks, error) {
	was, _ := d.ReadDamagedTasks() // a file that cannot be used is removed too
	if err := d.removeFile(damagedTasksName); err != nil {
		return was, fmt.Errorf("accept the damage: %w", err)
	}
	return was, nil
}
