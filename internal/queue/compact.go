package queue

import "initiator/internal/queue/store"

// walkStep is about how many bytes of the oldest file are looked at with every
// batch, at least. Where half of them are wanted no more, twice what was
// written since would do to keep up.
const walkStep = 128 << 10

// walk goes on with the oldest file when more than half of all that is stored
// is no longer wanted: what is wanted in it goes into the batch. Every byte
// that is written twice this way follows one that was given up, so the files
// are never more than twice what is wanted, and writing costs at most twice.
// It returns the file once there is nothing left in it.
func (e *Engine) walk() *store.SegmentWalk {
	d, size := e.disk, e.disk.store.Size()
	step := max(walkStep, 3*(size-d.walked))
	d.walked = size
	if d.walk == nil {
		if size-d.live <= d.live+d.slack {
			return nil
		}
		if d.walk = d.store.WalkOldest(); d.walk == nil {
			return nil
		}
	}
	last, err := d.store.WalkStep(d.walk, step, e.keepWanted)
	switch {
	case err != nil:
		d.log.Error("old task files cannot be removed", "error", err)
		d.walk, d.slack = nil, 1<<62 // not again before the next start
	case last:
		o := d.walk
		d.walk = nil
		return o
	}
	return nil
}

// keepWanted writes the task of a record again, if it is that task's record.
func (e *Engine) keepWanted(p store.Place, payload []byte) error {
	o, err := readOutline(payload)
	if err != nil {
		return err
	}
	en := e.byID[o.id]
	if en == nil || en.whole != p && en.head != p {
		return nil
	}
	if _, err := e.open(en); err != nil {
		e.unreadable(en, e.checked, err)
	}
	en.rewrite = true
	e.change(en)
	return nil
}
