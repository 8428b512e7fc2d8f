package queue

import "initiator/internal/queue/store"

// walkStep is the least number of bytes of the oldest segment that each batch
// reads. When half of the bytes are no longer wanted, reading twice the bytes
// written since the last step keeps up; walkOldestSegment reads three times them.
const walkStep = 128 << 10

// walkOldestSegment reads a step of the oldest segment when more than half of all
// stored bytes are no longer wanted, and marks its wanted tasks to be written
// whole with the batch. For each byte that is written again, one unwanted byte is
// freed. The files are therefore at most about twice as long as the wanted
// records, and each record is written about twice at most. walkOldestSegment
// returns the segment when its last step is done, else nil.
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
		d.log.Error("old task files cannot be removed until the next start", "error", err)
		d.noteDamage(err)
		d.segmentWalk, d.spareBytes = nil, 1<<62 // no further walk before the next start
	case last:
		o := d.segmentWalk
		d.segmentWalk = nil
		return o
	}
	return nil
}

// rewriteWanted marks a task to be written whole, if the record at p is one of the
// task's newest records.
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
