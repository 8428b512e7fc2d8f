package statedir

import (
	"fmt"
	"slices"
	"sync"
)

const pausedPoolsName = "paused.json"

var pausedPoolsKind = fileKind{
	what: "initiator paused pools", version: 1,
	remedy: "it is safe to delete: every pool then gives tasks to its workers",
	loss:   "which pools were paused is unknown, and EVERY POOL HANDS OUT ITS TASKS: `initiator pause` those pools again",
}

type pausedPoolsFile struct {
	header
	Pools []string `json:"pools"`
}

// PausedPools is the set of pools that do not hand out their tasks. A restart of
// the initiator does not resume them. A pool that a reload removes is paused
// again when a later reload adds it. Its methods may be called by any goroutine.
type PausedPools struct {
	dir *Dir

	writing sync.Mutex // held while the file is written, maybe to a disk that hangs

	mu    sync.Mutex // guards names, for a moment
	names map[string]bool
}

// ReadPausedPools reads the set. The error is a *FormatError for a file that
// cannot be used; the set is empty then.
func (d *Dir) ReadPausedPools() (*PausedPools, error) {
	p := &PausedPools{dir: d, names: map[string]bool{}}
	var f pausedPoolsFile
	if err := d.readFile(pausedPoolsName, &f, pausedPoolsKind); err != nil {
		return p, err // a part of a damaged file says nothing about the other pools
	}
	for _, name := range f.Pools {
		p.names[name] = true
	}
	return p, nil
}

// Set pauses or resumes pools, and writes the set durably. When it cannot be
// written, nothing is changed.
func (p *PausedPools) Set(names []string, paused bool) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	next := map[string]bool{}
	for name := range p.names { // only Set changes the set
		next[name] = true
	}
	for _, name := range names {
		if delete(next, name); paused {
			next[name] = true
		}
	}
	f := pausedPoolsFile{header: p.dir.newHeader(pausedPoolsKind), Pools: []string{}}
	for name := range next {
		f.Pools = append(f.Pools, name)
	}
	slices.Sort(f.Pools)
	if err := p.dir.writeFileDurably(pausedPoolsName, f); err != nil {
		return fmt.Errorf("keep which pools are paused: %w", err)
	}
	p.mu.Lock()
	p.names = next
	p.mu.Unlock()
	return nil
}

// Contains reports whether a pool is paused.
func (p *PausedPools) Contains(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[name]
}
