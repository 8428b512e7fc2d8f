package queue

import (
	"errors"

	"initiator/internal/queue/store"
)

// pending is what has changed since the last flight began.
type pending struct {
	changed []*entry
	told    []func(error)
}

// flight is one batch on its way to the disk: what was changed in it, and who
// is told when it is there.
type flight struct {
	on    bool
	parts []part
	told  []func(error)
	// emptied may be removed once the batch is on the disk: what was still
	// wanted of that file is in the batch.
	emptied *store.SegmentWalk
	seq     int64 // the engine's when it departed
}

// part is one record of a flight.
type part struct {
	en    *entry
	place store.Place
	whole bool
}

// change notes that the record of a task has to be stored.
func (e *Engine) change(en *entry) {
	if !en.changed && e.disk != nil {
		en.changed = true
		e.pending.changed = append(e.pending.changed, en)
	}
}

// Commit implements Queue. While one batch is on its way, what comes is
// collected for the next one: that is all there is to group commit.
func (e *Engine) Commit(told func(error)) {
	e.pending.told = append(e.pending.told, told)
	e.depart()
}

// FinishCommits implements Queue.
func (e *Engine) FinishCommits() {
	for e.land() {
		e.depart()
	}
}

// CommitAndWait commits and waits until everybody has been told.
func (e *Engine) CommitAndWait() (err error) {
	waits := true
	e.Commit(func(kept error) { waits, err = false, kept })
	for waits {
		<-e.BatchDone()
		e.FinishCommits()
	}
	return err
}

// depart sends what is pending on its way, unless something is.
func (e *Engine) depart() {
	for !e.flying.on && len(e.pending.told) > 0 {
		switch {
		case e.disk != nil && e.disk.fault != nil:
			e.giveUp(e.disk.fault)
		case len(e.pending.changed) > 0 && e.flush():
			e.land()
		default:
			e.tell(nil)
		}
	}
}

// flush puts every changed record into one batch. It reports whether there
// were any: tasks may have gone since.
func (e *Engine) flush() bool {
	f := &e.flying
	f.emptied = e.walk()
	for _, en := range e.pending.changed {
		if en.state == gone {
			continue
		}
		whole := en.whole.IsZero() || en.rewrite
		f.parts = append(f.parts, part{en, e.disk.add(en, whole), whole})
		en.changed, en.rewrite = false, false
	}
	e.pending.changed = e.pending.changed[:0]
	if len(f.parts) == 0 {
		return false
	}
	f.on, f.seq = true, e.seq
	f.told, e.pending.told = e.pending.told, f.told[:0]
	e.disk.store.WriteBatch()
	return true
}

// land takes note of the end of a flight.
func (e *Engine) land() bool {
	if !e.flying.on {
		return false
	}
	ended, err := e.disk.store.BatchResult()
	if !ended {
		return false
	}
	f := &e.flying
	f.on = false
	if err != nil {
		e.crash(err)
	} else {
		e.arrive()
	}
	for _, told := range f.told {
		told(e.StorageError())
	}
	clear(f.told)
	clear(f.parts)
	f.parts = f.parts[:0]
	if err != nil {
		e.giveUp(e.disk.fault)
	}
	return true
}

// arrive notes where the records of a flight now are.
func (e *Engine) arrive() {
	e.disk.kept = e.flying.seq
	for _, p := range e.flying.parts {
		if p.en.state == gone {
			continue
		}
		e.disk.live += int64(p.place.Size) - int64(p.en.head.Size)
		p.en.head = p.place
		if p.whole {
			e.disk.live -= int64(p.en.whole.Size)
			p.en.whole, p.en.head = p.place, store.Place{}
		}
		e.warm(p.en)
	}
	if o := e.flying.emptied; o != nil {
		e.flying.emptied = nil
		if err := e.disk.store.RemoveSegment(o); err != nil {
			e.disk.log.Warn("an old task file stays where it is", "error", err)
		}
	}
}

// crash notes that a flight has not arrived: everything in it is pending again.
func (e *Engine) crash(err error) {
	e.disk.fail(err)
	for _, p := range e.flying.parts {
		p.en.rewrite = p.en.rewrite || p.whole && !p.en.whole.IsZero()
		e.change(p.en)
	}
	if o := e.flying.emptied; o != nil {
		e.disk.walk, e.flying.emptied = o, nil
	}
}

// giveUp tells all who wait that their changes are not kept. New tasks leave
// nothing behind. What has become of old ones stays pending: it has happened,
// and is stored when there is room again.
func (e *Engine) giveUp(err error) {
	old := e.pending.changed[:0]
	for _, en := range e.pending.changed {
		switch {
		case en.state == gone:
		case en.whole.IsZero():
			e.drop(en)
		default:
			old = append(old, en)
		}
	}
	clear(e.pending.changed[len(old):])
	e.pending.changed = old
	e.tell(err)
}

// tell tells everybody whose changes are pending what became of them.
func (e *Engine) tell(err error) {
	told := e.pending.told
	e.pending.told = nil
	for _, f := range told {
		f(err)
	}
}

// Close implements Queue.
func (e *Engine) Close() error {
	if e.disk == nil || e.closed {
		e.tell(nil)
		return nil
	}
	e.closed = true
	for e.flying.on {
		<-e.BatchDone()
		e.FinishCommits()
	}
	e.disk.fault = nil // one more try
	return errors.Join(e.CommitAndWait(), e.disk.store.Close())
}
