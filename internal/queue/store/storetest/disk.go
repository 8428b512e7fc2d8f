// Package storetest is a disk for tests of what is kept on one: it counts what
// is done to it, fails when told to, and knows what is left after the power was
// cut.
package storetest

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"

	"initiator/internal/queue/store"
)

// ErrOff is what everything answers after the power was cut.
var ErrOff = errors.New("the power is off")

// sector is what a disk writes as a whole.
const sector = 512

// Disk is one directory on a disk. Make it with New. It may be used by many
// goroutines.
type Disk struct {
	mu     sync.Mutex
	names  map[string]*file // as the kernel sees them
	synced map[string]*file // as they are on the disk
	ops    int              // what has changed something so far
	cut    int              // the operation at which the power is cut; 0 = never
	off    bool
	room   int64  // bytes that are left; negative = no limit
	frozen bool   // read only
	faulty error  // of every sync of a file
	before func() // … is called before it
	syncs  int    // of files so far
	rand   *rand.Rand
}

type file struct {
	now   []byte         // as the kernel sees it
	disk  []byte         // as it was synced
	dirty map[int64]bool // sectors that were written since
}

// New returns an empty disk without limits.
func New(seed uint64) *Disk {
	return &Disk{names: map[string]*file{}, synced: map[string]*file{}, room: -1, rand: rand.New(rand.NewPCG(seed, 1))}
}

// CutAt cuts the power in the middle of the n-th operation that changes
// something.
func (d *Disk) CutAt(n int) { d.withLock(func() { d.cut = n }) }

// CountWrites is the number of operations that have changed something.
func (d *Disk) CountWrites() (n int) {
	d.withLock(func() { n = d.ops })
	return n
}

// SetRoom limits how many bytes can be added; a negative number lifts it.
func (d *Disk) SetRoom(bytes int64) { d.withLock(func() { d.room = bytes }) }

// SetReadOnly refuses every change with EROFS.
func (d *Disk) SetReadOnly(on bool) { d.withLock(func() { d.frozen = on }) }

// TotalSize is the length of all files.
func (d *Disk) TotalSize() (n int) {
	d.withLock(func() {
		for _, f := range d.names {
			n += len(f.now)
		}
	})
	return n
}

// FailSync makes every sync of a file fail; nil ends that.
func (d *Disk) FailSync(err error) { d.withLock(func() { d.faulty = err }) }

// BeforeSync has every sync of a file call f first, which may take its time:
// the disk does not wait for it otherwise. Nil ends that.
func (d *Disk) BeforeSync(f func()) { d.withLock(func() { d.before = f }) }

// CountSyncs is the number of syncs of files that have come to their end.
func (d *Disk) CountSyncs() (n int) {
	d.withLock(func() { n = d.syncs })
	return n
}

// PutFile makes a file of these bytes, on the disk.
func (d *Disk) PutFile(name string, b []byte) {
	f := &file{now: slices.Clone(b), disk: slices.Clone(b), dirty: map[int64]bool{}}
	d.withLock(func() { d.names[name], d.synced[name] = f, f })
}

// FileBytes is what a file holds.
func (d *Disk) FileBytes(name string) (b []byte) {
	d.withLock(func() { b = slices.Clone(d.names[name].now) })
	return b
}

// ChangeByte puts another byte at a position of a file; a negative one counts from
// its last byte that is not 0.
func (d *Disk) ChangeByte(name string, at int, to byte) {
	b := d.FileBytes(name)
	if at < 0 {
		at += len(bytes.TrimRight(b, "\x00"))
	}
	b[at] = to
	d.PutFile(name, b)
}

// AfterKill returns what is left when only the process has ended.
func (d *Disk) AfterKill() *Disk { return d.remainingDisk(func(bool) bool { return true }) }

// AfterPowerLoss returns what is left when the power was cut: all that was synced,
// and of the rest whatever the disk happened to have written.
func (d *Disk) AfterPowerLoss(seed uint64) *Disk {
	r := rand.New(rand.NewPCG(seed, 2))
	share := []float64{0, 1, r.Float64()}[r.IntN(3)]
	return d.remainingDisk(func(synced bool) bool { return synced || r.Float64() < share })
}

// remainingDisk makes a new disk of everything for which keep says yes.
func (d *Disk) remainingDisk(keep func(synced bool) bool) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New(d.rand.Uint64())
	all := maps.Clone(d.synced)
	maps.Copy(all, d.names)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		// A name that is in one of both only was made or removed since.
		made, was := d.names[name] != nil, d.synced[name] != nil
		if made != was && keep(false) != made {
			continue
		}
		b := all[name].remainingBytes(keep)
		f := &file{now: b, disk: slices.Clone(b), dirty: map[int64]bool{}}
		after.names[name], after.synced[name] = f, f
	}
	return after
}

func (f *file) remainingBytes(keep func(bool) bool) []byte {
	b := slices.Clone(f.disk)
	if len(f.now) != len(f.disk) && keep(false) {
		b = resizeBytes(b, len(f.now))
	}
	for _, at := range slices.Sorted(maps.Keys(f.dirty)) {
		from, to := at*sector, min((at+1)*sector, int64(min(len(f.now), len(b))))
		if from < to && keep(false) {
			copy(b[from:to], f.now[from:to])
		}
	}
	return b
}

func resizeBytes(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	return append(b, make([]byte, size-len(b))...)
}

func (d *Disk) withLock(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// countWrite counts an operation. last says that the power is cut in the middle of
// this one.
func (d *Disk) countWrite() (last bool, err error) {
	switch d.ops++; {
	case d.off:
		return false, ErrOff
	case d.frozen:
		return false, syscall.EROFS
	}
	d.off = d.cut > 0 && d.ops >= d.cut
	return d.off, nil
}

// ListNames implements store.Dir.
func (d *Disk) ListNames() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names)), nil
}

// FilePath implements store.Dir.
func (d *Disk) FilePath(name string) string { return "disk/" + name }

// OpenFile implements store.Dir.
func (d *Disk) OpenFile(name string, create bool) (store.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[name]
	if !create {
		if f == nil {
			return nil, fs.ErrNotExist
		}
		return &handle{d, f}, nil
	}
	if f != nil {
		return nil, fs.ErrExist
	}
	if _, err := d.countWrite(); err != nil {
		return nil, err
	}
	if d.room == 0 {
		return nil, syscall.ENOSPC
	}
	f = &file{dirty: map[int64]bool{}}
	d.names[name] = f
	return &handle{d, f}, nil
}

// RemoveFile implements store.Dir.
func (d *Disk) RemoveFile(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.countWrite(); err != nil {
		return err
	}
	if f := d.names[name]; f != nil && d.room >= 0 {
		d.room += int64(len(f.now))
	}
	delete(d.names, name)
	return nil
}

// SyncNames implements store.Dir.
func (d *Disk) SyncNames() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, err := d.countWrite()
	if err != nil {
		return err
	}
	if last && d.rand.IntN(2) == 0 {
		return ErrOff
	}
	d.synced = maps.Clone(d.names)
	return cutIf(last)
}

func cutIf(last bool) error {
	if last {
		return ErrOff
	}
	return nil
}
