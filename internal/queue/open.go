package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/queue/store"
)

// Options configure a stored queue. The zero value is valid.
type Options struct {
	Sync      store.Sync
	Retention Retention    // of pools without a retention of their own
	Logger    hclog.Logger // nil = no log
	// Dir replaces the directory of the operating system; nil = the directory
	// that Open names. Tests use it.
	Dir store.Dir
	// SegmentSize is the length in bytes at which a new file is begun; 0 = 64 MiB.
	SegmentSize int64
	// NoteDamage is called by Open with what was lost, once, before Open changes a
	// damaged file (store.Options). nil = nothing is written down.
	NoteDamage func(Damage) error
	// DamageFound is called when damage is found while the queue is in use, by any
	// goroutine; nil = it is only logged. It must not block.
	DamageFound func(reason string)
	// CacheSize is about the number of bytes of stored records in memory, beside
	// the index; 0 = 16 MiB.
	CacheSize int
}

// Open reads the tasks that are stored in a directory and returns their queue. No
// other process may use the directory. A task that was running is still running,
// under its lease; the caller ends the attempts whose workers are gone. Damaged
// bytes are skipped, and Damage tells what was lost. When nothing can be stored,
// StorageError says why. Errors: *store.VersionError, or an error of the file
// system. Each error says what to do.
func Open(dir string, o Options) (*Engine, error) {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Dir == nil {
		o.Dir = store.OS(dir)
	}
	if o.CacheSize == 0 {
		o.CacheSize = 16 << 20
	}
	if o.SegmentSize == 0 {
		o.SegmentSize = 64 << 20
	}
	e := NewMemory(o.Retention)
	e.disk = &disk{log: o.Logger, spareBytes: o.SegmentSize, cacheSize: o.CacheSize, damageFound: o.DamageFound}
	s, err := store.Open(o.Dir, store.Options{
		Sync: o.Sync, SegmentSize: o.SegmentSize, HoleFound: e.expectOrphans,
		NoteDamage: func(places []report.Damage) error {
			if o.NoteDamage == nil {
				return nil
			}
			return o.NoteDamage(Damage{places, len(e.disk.orphans)})
		},
	}, e.readBack)
	if err != nil {
		return nil, fmt.Errorf("open the tasks: %w", err)
	}
	e.disk.store, e.disk.sizeAtLastStep = s, s.TotalSize()
	e.reportOpen()
	if err := e.indexLoaded(time.Now().UnixNano()); err != nil {
		return nil, errors.Join(fmt.Errorf("open the tasks: %w", err), s.Close())
	}
	return e, nil
}

// readBack adds one record to the index. It ignores a head record without a whole
// record before it: the task was dropped, or a later whole record follows.
func (e *Engine) readBack(p store.Place, payload []byte) error {
	o, err := readOutline(payload)
	if err != nil {
		return fmt.Errorf("record in task file %d at byte %d: %w", p.Segment, p.At, err)
	}
	en := e.byID[o.id]
	switch {
	case o.whole:
		if en == nil {
			en = &entry{id: o.id}
			e.byID[o.id] = en
			e.disk.loaded = append(e.disk.loaded, en)
			delete(e.disk.orphans, o.id)
		}
		e.subtractRecords(en)
		en.whole, en.head = p, store.Place{}
		en.pool, en.priority = e.poolNamed(o.pool), uint8(o.priority)
		en.submitted, en.deadline = o.submitted, o.deadline
		en.marks = o.marks
	case en == nil:
		e.disk.addOrphan(o.id)
		return nil
	default:
		e.disk.wantedBytes -= int64(en.head.Size)
		en.head = p
		en.marks = en.marks&kindBound | o.marks&^kindBound
	}
	en.suspect = o.marks&kindSuspect != 0
	e.disk.wantedBytes += int64(p.Size)
	en.state, en.seq, en.at = o.state, o.seq, o.notBefore
	if o.state.terminal() {
		en.at = o.ended
	}
	return nil
}

// poolNamed is poolTasks without an allocation for the name of a known pool.
func (e *Engine) poolNamed(name []byte) *poolTasks {
	if p := e.pools[string(name)]; p != nil {
		return p
	}
	return e.poolTasks(string(name))
}

// indexLoaded puts the tasks that Open has read into the lists of the index. The
// tasks are almost in the order of each sort already. An error is the unreadable
// record of a running task.
func (e *Engine) indexLoaded(now int64) error {
	all := e.disk.loaded
	e.disk.loaded = nil
	for _, en := range all {
		en.pool.counts[en.state]++
		e.seq, e.front = max(e.seq, en.seq), min(e.front, en.seq)
	}
	e.disk.storedSeq = e.seq
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	for _, en := range all {
		e.restoreRelations(en)
		switch {
		case e.relations.pendingCallbacks[en]:
		case en.state == queued:
			if en.at <= now {
				en.at = 0
			}
			e.placeQueued(en, false)
		case en.state.terminal():
			l := en.pool.listOf(en.state)
			l.refs = append(l.refs, ref{en, en.seq})
			e.toTrim[en.pool] = true
		default:
			e.running[en] = true
			if _, err := e.loadTask(en); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(all, compareAge)
	for _, en := range all {
		en.pool.addToOrder(en)
	}
	return nil
}
