package storetest

import (
	"io"
	"slices"
	"syscall"
)

// handle is an open file of a Disk, as a store.File.
type handle struct {
	d *Disk
	f *file
}

// ReadAt implements store.File.
func (h *handle) ReadAt(b []byte, at int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if h.f.badErr != nil && at < h.f.badTo && at+int64(len(b)) > h.f.badFrom {
		n := max(0, min(h.f.badFrom-at, int64(len(h.f.now))-at))
		return copy(b[:min(n, int64(len(b)))], h.f.now[min(at, int64(len(h.f.now))):]), h.f.badErr
	}
	if at >= int64(len(h.f.now)) {
		return 0, io.EOF
	}
	n := copy(b, h.f.now[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements store.File.
func (h *handle) WriteAt(b []byte, at int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	last, err := h.d.countWrite()
	if err != nil {
		return 0, err
	}
	n := len(b)
	if last {
		n, err = h.d.rand.IntN(n+1), ErrOff
	}
	if grows := at + int64(n) - int64(len(h.f.now)); grows > 0 && h.d.room >= 0 {
		if grows > h.d.room {
			n, err, grows = max(0, n-int(grows-h.d.room)), syscall.ENOSPC, h.d.room
		}
		h.d.room -= grows
	}
	h.f.writeBytes(b[:n], at)
	return n, err
}

// writeBytes changes a file and notes the changed sectors.
func (f *file) writeBytes(b []byte, at int64) {
	end := at + int64(len(b))
	if end > int64(len(f.now)) {
		f.now = resizeBytes(f.now, int(end))
	}
	copy(f.now[at:], b)
	for s := at / sector; s*sector < end; s++ {
		f.dirty[s] = true
	}
}

// Truncate implements store.File.
func (h *handle) Truncate(size int64) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if _, err := h.d.countWrite(); err != nil {
		return err
	}
	if gives := int64(len(h.f.now)) - size; gives > 0 && h.d.room >= 0 {
		h.d.room += gives
	}
	h.f.now = resizeBytes(h.f.now, int(size))
	return nil
}

// Sync implements store.File. It calls the function of BeforeSync without the
// mutex, because that function may block.
func (h *handle) Sync() error {
	var before func()
	if h.d.withLock(func() { before = h.d.before }); before != nil {
		before()
	}
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	h.d.syncs++
	last, err := h.d.countWrite()
	if err != nil {
		return err
	}
	if last && h.d.rand.IntN(2) == 0 {
		return ErrOff
	}
	if h.d.faulty != nil {
		return h.d.faulty
	}
	h.f.disk = slices.Clone(h.f.now)
	clear(h.f.dirty)
	return cutIf(last)
}

// Size implements store.File.
func (h *handle) Size() (int64, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return int64(len(h.f.now)), nil
}

// CountNames implements store.File.
func (h *handle) CountNames() (n uint64, err error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	for _, f := range h.d.names {
		if f == h.f {
			n++
		}
	}
	return n, nil
}

// Close implements store.File.
func (h *handle) Close() error { return nil }
