package queue

import (
	"fmt"

	"github.com/google/uuid"

	"initiator/initiator/report"
	"initiator/internal/queue/store"
)

// Damage is what Open has found damaged.
type Damage struct {
	Places []report.Damage `json:"places"`
	// Changes is the number of tasks of which only changes are left, because their
	// submit was lost or because the task was dropped long ago. These tasks are
	// not in the queue.
	Changes int `json:"changes"`
}

// Check reads the task files of a directory and changes nothing. No other process
// may use the directory. Errors: *store.VersionError, or an error of the file
// system.
func Check(dir store.Dir) (store.CheckReport, error) {
	r, err := store.Check(dir, store.Options{}, func(p store.Place, payload []byte) error {
		if _, err := readOutline(payload); err != nil {
			return fmt.Errorf("record in task file %d at byte %d: %w", p.Segment, p.At, err)
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("check the tasks: %w", err)
	}
	return r, nil
}

// Damage returns what Open has found damaged. It has no places for a sound queue.
func (e *Engine) Damage() Damage {
	if e.disk == nil {
		return Damage{}
	}
	return Damage{e.disk.store.Damage(), len(e.disk.orphans)}
}

// RepairError returns why Open could not repair the damage; nil = it has.
func (e *Engine) RepairError() error {
	if e.disk == nil {
		return nil
	}
	return e.disk.store.RepairError()
}

// expectOrphans begins to note the tasks of which only changes are left.
func (e *Engine) expectOrphans() {
	if e.disk.orphans == nil {
		e.disk.orphans = map[uuid.UUID]bool{}
	}
}

// addOrphan notes a change of a task without a whole record before it. Without
// damage that is a task that was dropped, or is written whole again later.
func (d *disk) addOrphan(id uuid.UUID) {
	if d.orphans != nil {
		d.orphans[id] = true
	}
}

// reportOpen logs what the store has found, and notes why nothing can be stored.
func (e *Engine) reportOpen() {
	s, log := e.disk.store, e.disk.log
	for _, d := range s.Damage() {
		log.Error("a task file is damaged: a task whose submit was lost is gone, and a task whose end was lost may run again; everything else was read", "damage", d.String(), "saved", d.Saved)
	}
	if n := len(e.disk.orphans); n > 0 {
		log.Error("only changes are left of some tasks, which cannot be restored: their submits were lost, or they had been dropped before", "tasks", n)
	}
	if err := s.RepairError(); err != nil {
		log.Error("the damaged task files were left as they are, and the next start finds the damage again", "error", err)
	}
	if torn := s.TornEnd(); torn != "" {
		log.Warn("the newest task file ended in an incomplete batch, which was cut off: usual when the initiator was killed or the power was lost while it was written, and then none of its changes had been acknowledged; otherwise the disk has lost changes", "bytes", torn)
	}
	if err := s.SettleError(); err != nil {
		e.disk.setStorageError(err)
	}
}

// noteDamage reports damage that was found while the queue is in use.
func (d *disk) noteDamage(err error) {
	if d.damageFound != nil {
		d.damageFound(fmt.Sprintf("%v; a task whose record is damaged cannot be read", err))
	}
}
