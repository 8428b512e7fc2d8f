package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/queue/store"
)

// Options of a queue that is stored. The zero value is good.
type Options struct {
	Sync      store.Sync
	Retention Retention // of pools that are told no other
	Logger    hclog.Logger
	// Dir is used instead of the directory of the operating system.
	Dir store.Dir
	// SegmentSize is the length of one file; 0 = 64 MiB.
	SegmentSize int64
	// CacheSize is about how many bytes of records are kept in memory beside the
	// index; 0 = 16 MiB.
	CacheSize int
}

// Open reads the tasks back that are stored in a directory, which belongs to
// this process alone, and returns the queue of them. Tasks that were running
// are running still, under their leases: who knows what became of their
// workers has to end those. Errors: *store.VersionError, *store.DamageError,
// or of the file system; each says what to do.
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
	e.disk = &disk{log: o.Logger, spareBytes: o.SegmentSize, cacheSize: o.CacheSize}
	s, err := store.Open(o.Dir, store.Options{Sync: o.Sync, SegmentSize: o.SegmentSize}, e.readBack)
	if err != nil {
		return nil, fmt.Errorf("open the tasks: %w", err)
	}
	e.disk.store, e.disk.sizeAtLastStep = s, s.TotalSize()
	if s.TornBytes() > 0 {
		o.Logger.Warn("the end of the newest task file was torn when the initiator or the power ended; nothing in it had been acknowledged", "bytes", s.TornBytes())
	}
	if err := e.indexLoaded(time.Now().UnixNano()); err != nil {
		return nil, errors.Join(fmt.Errorf("open the tasks: %w", err), s.Close())
	}
	return e, nil
}

// readBack takes in one record. A head without a task is one of a task that
// was dropped, or written whole again later.
func (e *Engine) readBack(p store.Place, payload []byte) error {
	o, err := readOutline(payload)
	if err != nil {
		return fmt.Errorf("record in file %d at byte %d: %w", p.Segment, p.At, err)
	}
	en := e.byID[o.id]
	switch {
	case o.whole:
		if en == nil {
			en = &entry{id: o.id}
			e.byID[o.id] = en
			e.disk.loaded = append(e.disk.loaded, en)
		}
		e.subtractRecords(en)
		en.whole, en.head = p, store.Place{}
		en.pool, en.priority = e.poolNamed(o.pool), uint8(o.priority)
		en.submitted, en.deadline = o.submitted, o.deadline
		en.marks = o.marks
	case en == nil:
		return nil
	default:
		e.disk.wantedBytes -= int64(en.head.Size)
		en.head = p
		en.marks = en.marks&kindBound | o.marks&kindOwes
	}
	e.disk.wantedBytes += int64(p.Size)
	en.state, en.seq, en.at = o.state, o.seq, o.notBefore
	if o.state.terminal() {
		en.at = o.ended
	}
	return nil
}

// poolNamed is pool without making a string of a name that is known.
func (e *Engine) poolNamed(name []byte) *poolTasks {
	if p := e.pools[string(name)]; p != nil {
		return p
	}
	return e.poolTasks(string(name))
}

// indexLoaded puts everything that was read back where it belongs. It was read about
// in the order in which it is sorted here.
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
			en.pool.finished = append(en.pool.finished, ref{en, en.seq})
			e.toTrim[en.pool] = true
		default:
			e.running[en] = true
			if _, err := e.loadTask(en); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.submitted, b.submitted) })
	for _, en := range all {
		en.pool.order = append(en.pool.order, en)
	}
	return nil
}
