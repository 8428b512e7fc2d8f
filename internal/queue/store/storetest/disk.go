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

// ErrOff is the error of every operation after the power was cut.
var ErrOff = errors.New("the power is off")

// sector is the number of bytes that a disk writes in one piece.
const sector = 512

// Disk is a store.Dir in memory. New makes one. Any goroutine may use it.
type Disk struct {
	mu     sync.Mutex
	names  map[string]*file // as the kernel has them
	synced map[string]*file // as they are on the disk
	ops    int              // operations so far that change something
	cut    int              // the operation at which the power is cut; 0 = never
	off    bool
	room   int64  // free bytes; negative = no limit
	frozen bool   // read-only
	faulty error  // error of every sync of a file
	before func() // called before every sync of a file
	syncs  int    // syncs of files so far
	rand   *rand.Rand
}

// file is a file of a Disk.
type file struct {
	now   []byte         // as the kernel has it
	disk  []byte         // as it was at the last sync
	dirty map[int64]bool // sectors that were written since the last sync
	// Reads between two positions fail with badErr, nil = they do not.
	badFrom, badTo int64
	badErr         error
}

// New returns an empty disk without limits. The seed decides what happens in the
// operation in which the power is cut.
func New(seed uint64) *Disk {
	return &Disk{names: map[string]*file{}, synced: map[string]*file{}, room: -1, rand: rand.New(rand.NewPCG(seed, 1))}
}

// CutAt cuts the power in the middle of the n-th operation that changes
// something.
func (d *Disk) CutAt(n int) { d.withLock(func() { d.cut = n }) }

// CountWrites returns the number of operations so far that change something,
// failed operations included.
func (d *Disk) CountWrites() (n int) {
	d.withLock(func() { n = d.ops })
	return n
}

// SetRoom limits how many bytes can be added; a negative number removes the
// limit. A write beyond the limit fails with ENOSPC.
func (d *Disk) SetRoom(bytes int64) { d.withLock(func() { d.room = bytes }) }

// SetReadOnly makes every change fail with EROFS, until SetReadOnly(false).
func (d *Disk) SetReadOnly(on bool) { d.withLock(func() { d.frozen = on }) }

// TotalSize returns the sum of the lengths of all files, in bytes.
func (d *Disk) TotalSize() (n int) {
	d.withLock(func() {
		for _, f := range d.names {
			n += len(f.now)
		}
	})
	return n
}

// FailRead makes every read of a file that touches bytes between two positions fail
// with err, also through open handles, until FailRead with nil.
func (d *Disk) FailRead(name string, from, to int64, err error) {
	d.withLock(func() { f := d.names[name]; f.badFrom, f.badTo, f.badErr = from, to, err })
}

// FailSync makes every sync of a file fail with err, until FailSync(nil).
func (d *Disk) FailSync(err error) { d.withLock(func() { d.faulty = err }) }

// BeforeSync makes every sync of a file call f first, until BeforeSync(nil). f
// may block: other operations go on meanwhile.
func (d *Disk) BeforeSync(f func()) { d.withLock(func() { d.before = f }) }

// CountSyncs returns the number of syncs of files that have ended.
func (d *Disk) CountSyncs() (n int) {
	d.withLock(func() { n = d.syncs })
	return n
}

// PutFile creates or replaces a file with these bytes, synced.
func (d *Disk) PutFile(name string, b []byte) {
	f := &file{now: slices.Clone(b), disk: slices.Clone(b), dirty: map[int64]bool{}}
	d.withLock(func() { d.names[name], d.synced[name] = f, f })
}

// FileBytes returns the bytes of a file, as the kernel has them.
func (d *Disk) FileBytes(name string) (b []byte) {
	d.withLock(func() { b = slices.Clone(d.names[name].now) })
	return b
}

// ChangeByte replaces the byte at a position of a file. A negative position
// counts back from the end of the file without its trailing zeros.
func (d *Disk) ChangeByte(name string, at int, to byte) {
	b := d.FileBytes(name)
	if at < 0 {
		at += len(bytes.TrimRight(b, "\x00"))
	}
	b[at] = to
	d.PutFile(name, b)
}

// resizeBytes cuts b, or appends zeros, to the given length.
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

// countWrite counts an operation that changes something. It reports last when the
// power is cut in the middle of this operation. The caller holds the mutex.
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

// CheckPlace implements store.Dir.
func (d *Disk) CheckPlace() error { return nil }

// CheckName implements store.Dir.
func (d *Disk) CheckName(name string, f store.File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] != f.(*handle).f {
		return &store.GoneError{What: "the task file", Path: d.FilePath(name), Problem: "was removed or replaced"}
	}
	return nil
}

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

// RenameFile implements store.Dir. After a loss of power the file has the old
// name, the new name, both or none, until SyncNames.
func (d *Disk) RenameFile(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.countWrite(); err != nil {
		return err
	}
	if d.names[from] == nil {
		return fs.ErrNotExist
	}
	d.names[to] = d.names[from]
	delete(d.names, from)
	return nil
}

// MakeDir implements store.Dir. Every directory exists.
func (d *Disk) MakeDir(string) error { return nil }

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

// cutIf returns ErrOff for the last operation.
func cutIf(last bool) error {
	if last {
		return ErrOff
	}
	return nil
}
