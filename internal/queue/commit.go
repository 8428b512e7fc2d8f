package queue

import (
	"errors"

	"initiator/internal/queue/store"
)

// pending is what has changed since the last flight began.
type pending struct {
	changed []*entry
	waiters []func(error)
}

// commit is one batch on its way to the disk: what was changed in it, and who
// is told when it is there.
type commit struct {
	active  bool
	records []batchRecord
	waiters []func(error)
	// removable may be removed once the batch is on the disk: what was still
	// wanted of that file is in the batch.
	removable *store.SegmentWalk
	seq       int64 // the engine's when it departed
}

// batchRecord is one record of a flight.
type batchRecord struct {
	en    *entry
	place store.Place
	whole bool
}

// markChanged notes that the record of a task has to be stored.
func (e *Engine) markChanged(en *entry) {
	if !en.changed && e.disk != nil {
		en.changed = true
		e.pending.changed = append(e.pending.changed, en)
	}
}

// Commit implements Queue. While one batch is on its way, what comes is
// collected for the next one: that is all there is to group commit.
func (e *Engine) Commit(told func(error)) {
	e.pending.waiters = append(e.pending.waiters, told)
	e.startCommit()
}

// FinishCommits implements Queue.
func (e *Engine) FinishCommits() {
	for e.finishCommit() {
		e.startCommit()
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

// startCommit sends what is pending on its way, unless something is.
func (e *Engine) startCommit() {
	for !e.inFlight.active && len(e.pending.waiters) > 0 {
		switch {
		case e.disk != nil && e.disk.storageError != nil:
			e.rejectPending(e.disk.storageError)
		case len(e.pending.changed) > 0 && e.encodeBatch():
			e.finishCommit()
		default:
			e.notifyWaiters(nil)
		}
	}
}

// encodeBatch puts every changed record into one batch. It reports whether there
// were any: tasks may have gone since.
func (e *Engine) encodeBatch() bool {
	f := &e.inFlight
	f.removable = e.walkOldestSegment()
	for _, en := range e.pending.changed {
		if en.state == gone {
			continue
		}
		whole := en.whole.IsZero() || en.rewrite
		f.records = append(f.records, batchRecord{en, e.disk.addRecord(en, whole), whole})
		en.changed, en.rewrite = false, false
	}
	e.pending.changed = e.pending.changed[:0]
	if len(f.records) == 0 {
		return false
	}
	f.active, f.seq = true, e.seq
	f.waiters, e.pending.waiters = e.pending.waiters, f.waiters[:0]
	e.disk.store.WriteBatch()
	return true
}

// finishCommit takes note of the end of a flight.
func (e *Engine) finishCommit() bool {
	if !e.inFlight.active {
		return false
	}
	ended, err := e.disk.store.BatchResult()
	if !ended {
		return false
	}
	f := &e.inFlight
	f.active = false
	if err != nil {
		e.restorePending(err)
	} else {
		e.recordPlaces()
	}
	for _, told := range f.waiters {
		told(e.StorageError())
	}
	clear(f.waiters)
	clear(f.records)
	f.records = f.records[:0]
	if err != nil {
		e.rejectPending(e.disk.storageError)
	}
	return true
}

// recordPlaces notes where the records of a flight now are.
func (e *Engine) recordPlaces() {
	e.disk.storedSeq = e.inFlight.seq
	for _, p := range e.inFlight.records {
		if p.en.state == gone {
			continue
		}
		e.disk.wantedBytes += int64(p.place.Size) - int64(p.en.head.Size)
		p.en.head = p.place
		if p.whole {
			e.disk.wantedBytes -= int64(p.en.whole.Size)
			p.en.whole, p.en.head = p.place, store.Place{}
		}
		e.cacheRecord(p.en)
	}
	if o := e.inFlight.removable; o != nil {
		e.inFlight.removable = nil
		if err := e.disk.store.RemoveSegment(o); err != nil {
			e.disk.log.Warn("an old task file stays where it is", "error", err)
		}
	}
}

// restorePending notes that a flight has not arrived: everything in it is pending again.
func (e *Engine) restorePending(err error) {
	e.disk.setStorageError(err)
	for _, p := range e.inFlight.records {
		p.en.rewrite = p.en.rewrite || p.whole && !p.en.whole.IsZero()
		e.markChanged(p.en)
	}
	if o := e.inFlight.removable; o != nil {
		e.disk.segmentWalk, e.inFlight.removable = o, nil
	}
}

// rejectPending tells all who wait that their changes are not kept. New tasks leave
// nothing behind. What has become of old ones stays pending: it has happened,
// and is stored when there is room again.
func (e *Engine) rejectPending(err error) {
	old := e.pending.changed[:0]
	for _, en := range e.pending.changed {
		switch {
		case en.state == gone:
		case en.whole.IsZero():
			e.dropTask(en)
		default:
			old = append(old, en)
		}
	}
	clear(e.pending.changed[len(old):])
	e.pending.changed = old
	e.notifyWaiters(err)
}

// notifyWaiters tells everybody whose changes are pending what became of them.
func (e *Engine) notifyWaiters(err error) {
	told := e.pending.waiters
	e.pending.waiters = nil
	for _, f := range told {
		f(err)
	}
}

// Close implements Queue.
func (e *Engine) Close() error {
	if e.disk == nil || e.closed {
		e.notifyWaiters(nil)
		return nil
	}
	e.closed = true
	for e.inFlight.active {
		<-e.BatchDone()
		e.FinishCommits()
	}
	e.disk.storageError = nil // one more try
	return errors.Join(e.CommitAndWait(), e.disk.store.Close())
}
