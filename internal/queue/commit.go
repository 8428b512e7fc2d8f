package queue

import (
	"errors"

	"initiator/internal/queue/store"
)

// pending holds the changes since the last batch began.
type pending struct {
	changed []*entry      // tasks whose records have to be stored
	waiters []func(error) // of the commits that wait for these changes
}

// commit is the batch that is being written: its records, and the callbacks of the
// commits that wait for it.
type commit struct {
	active  bool // the store writes the batch
	records []batchRecord
	waiters []func(error)
	// removable is the oldest segment when the batch has its last wanted records,
	// else nil. It is removed when the batch is on the disk.
	removable *store.SegmentWalk
	seq       int64 // the engine's seq when the batch was encoded
}

// batchRecord is one record of a batch.
type batchRecord struct {
	en    *entry
	place store.Place
	whole bool // a whole record, not a head
}

// markChanged adds a task to the records that the next batch stores.
func (e *Engine) markChanged(en *entry) {
	if !en.changed && e.disk != nil {
		en.changed = true
		e.pending.changed = append(e.pending.changed, en)
	}
}

// Commit implements Queue. While one batch is being written, all changes are
// collected for the next batch. That makes a group commit of concurrent callers.
func (e *Engine) Commit(done func(error)) {
	e.pending.waiters = append(e.pending.waiters, done)
	e.startCommit()
}

// FinishCommits implements Queue.
func (e *Engine) FinishCommits() {
	for e.finishCommit() {
		e.startCommit()
	}
}

// CommitAndWait commits and waits for the result. It also delivers the results of
// earlier commits.
func (e *Engine) CommitAndWait() (err error) {
	waits := true
	e.Commit(func(result error) { waits, err = false, result })
	for waits {
		<-e.BatchDone()
		e.FinishCommits()
	}
	return err
}

// startCommit encodes and writes the pending changes, unless a batch is being
// written. It answers the commits at once when nothing has to be stored or nothing
// can be stored.
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

// encodeBatch puts every changed record into one batch and starts to write it. It
// reports false when no record is left, because the changed tasks were dropped.
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

// finishCommit handles the result of the written batch and reports true. It
// reports false when no batch has ended.
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
	for _, done := range f.waiters {
		done(e.StorageError())
	}
	clear(f.waiters)
	clear(f.records)
	f.records = f.records[:0]
	if err != nil {
		e.rejectPending(e.disk.storageError)
	}
	return true
}

// recordPlaces notes the places of the records of a stored batch, and removes the
// segment that the batch has made removable.
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
			e.disk.log.Warn("an old task file could not be removed: no task file is removed until the next start", "error", err)
			e.disk.spareBytes = 1 << 62 // a younger file may replace records of the file that stays
		}
	}
}

// restorePending makes all changes of a failed batch pending again.
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

// rejectPending reports err to all waiting commits. It drops new tasks, because
// their submits fail. Changes of stored tasks stay pending: they have happened, and
// are stored when the disk works again.
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

// notifyWaiters reports the result to all waiting commits.
func (e *Engine) notifyWaiters(err error) {
	waiters := e.pending.waiters
	e.pending.waiters = nil
	for _, done := range waiters {
		done(err)
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
	e.disk.storageError = nil // try a failed disk once more
	return errors.Join(e.CommitAndWait(), e.disk.store.Close())
}
