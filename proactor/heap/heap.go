// Package heap lets a process that works hard collect its garbage less often.
//
// Go collects when the heap has doubled. A process of ours holds little: a few
// megabytes, which it doubles a hundred times a second while small tasks pass
// through, so that a third of its work is collecting. When collections follow
// each other that quickly, they may come only after [Room] bytes of garbage;
// when the process is calm again, they come as ever. So an idle process is as
// small as before, and a busy one larger by Room, until the collection that Go
// makes within two minutes of quiet.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Room is how much garbage, in bytes, a busy process may pile up at least.
const Room = 32 << 20

const (
	// busy: collections that come sooner than this are too many.
	busy = 250 * time.Millisecond
	// calm: those that come later than this cost nothing.
	calm = 2 * time.Second
	// usual is Go's own percentage, which we never go below.
	usual = 100
)

// Pace begins to watch the collector of this process, once for all, and
// returns what ends that. Where the environment sets GOGC or GOMEMLIMIT
// somebody knows better, and it does nothing.
func Pace() (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	p := &pacer{last: time.Now(), percent: usual}
	runtime.SetFinalizer(&pulse{p}, (*pulse).beat)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.stopped {
			p.stopped = true
			debug.SetGCPercent(usual)
		}
	}
}

// pacer is used by the goroutine that runs finalizers, and by who stops it.
type pacer struct {
	mu      sync.Mutex
	last    time.Time
	percent int
	stopped bool
}

// pulse is garbage from its birth on, and so is found by every collection.
type pulse struct{ p *pacer }

// beat is called after a collection.
func (x *pulse) beat() {
	p := x.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	now := time.Now()
	if next := percent(p.percent, now.Sub(p.last), live()); next != p.percent {
		p.percent = next
		debug.SetGCPercent(next)
	}
	p.last = now
	runtime.SetFinalizer(x, (*pulse).beat)
}

// percent is the percentage that follows from the present one, when the last
// collection was so long ago and has left so many bytes.
func percent(now int, since time.Duration, live uint64) int {
	switch {
	case since >= calm:
		return usual
	case since >= busy && now == usual:
		return usual
	}
	return max(usual, int(Room*100/max(live, 1<<20)))
}

// live is how many bytes the last collection has left.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return Room // unknown to this version of Go: then nothing changes
	}
	return sample[0].Value.Uint64()
}
