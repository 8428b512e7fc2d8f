package storetest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// AfterKill returns a copy of the disk as it is after the process was killed: it
// has everything that was written.
func (d *Disk) AfterKill() *Disk { return d.remainingDisk(func(bool) bool { return true }) }

// AfterPowerLoss returns a copy of the disk as it may be after a loss of power. It
// has everything that was synced, and of the rest a share that depends on seed.
func (d *Disk) AfterPowerLoss(seed uint64) *Disk {
	r := rand.New(rand.NewPCG(seed, 2))
	share := []float64{0, 1, r.Float64()}[r.IntN(3)]
	return d.remainingDisk(func(synced bool) bool { return synced || r.Float64() < share })
}

// remainingDisk returns a new disk. keep decides about each name, length and
// sector whether the copy has the newest state or the synced state.
func (d *Disk) remainingDisk(keep func(synced bool) bool) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New(d.rand.Uint64())
	all := maps.Clone(d.synced)
	maps.Copy(all, d.names)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		// A name in only one of the maps was created or removed since the sync.
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

// remainingBytes returns the bytes of a file in the copy.
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
