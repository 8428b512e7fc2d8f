package queue

import "initiator/internal/queue/store"

// walkStep is about how many bytes of the oldest file are looked at with every
// batch, at least. Where half of them are wanted no more, twice what was
// written since would do to keep up.
const walkStep = 128 << 10

// walkOldestSegment goes on with the oldest file when more than half of all that is stored
// is no longer wanted: what is wanted in it goes into the batch. Every byte
// that is written twice this way follows one that was given up, so the files
// are never more than twice what is wanted, and writing costs at most twice.
// It returns the file once there is nothing left in it.
func (e *Engine) walkOldestSegment() *store.SegmentWalk {
	d, size := e.disk, e.disk.store.TotalSize()
	step := max(walkStep, 3*(size-d.sizeAtLastStep))
	d.sizeAtLastStep = size
	if d.segmentWalk == nil {
		if size-d.wantedBytes <= d.wantedBytes+d.spareBytes {
			return nil
		}
		if d.segmentWalk = d.store.WalkOldest(); d.segmentWalk == nil {
			return nil
		}
	}
	last, err := d.store.WalkStep(d.segmentWalk, step, e.rewriteWanted)
	switch {
	case err != nil:
		d.log.Error("old task files cannot be removed", "error", err)
		d.segmentWalk, d.spareBytes = nil, 1<<62 // not again before the next start
	case last:
		o := d.segmentWalk
		d.segmentWalk = nil
		return o
	}
	return nil
}

// rewriteWanted writes the task of a record again, if it is that task's record.
func (e *Engine) rewriteWanted(p store.Place, payload []byte) error {
	o, err := readOutline(payload)
	if err != nil {
		return err
	}
	en := e.byID[o.id]
	if en == nil || en.whole != p && en.head != p {
		return nil
	}
	if _, err := e.loadTask(en); err != nil {
		e.endUnreadable(en, e.checked, err)
	}
	en.rewrite = true
	e.markChanged(en)
	return nil
}
