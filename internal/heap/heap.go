// Package heap lets a process that works hard collect its garbage less often.
//
// Go collects when the heap has doubled. A process of ours holds little: a few
// megabytes, which it doubles a hundred times a second while small tasks pass
// through, so that a third of its work is collecting. When that goes on for a
// moment, collections may come only after [Room] bytes of garbage. Some seconds
// after the last of them the process is as small as before: a start that takes
// half a second changes nothing, and nothing does in an idle process.
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
	// busy: collections that come sooner after each other are too many …
	busy = 250 * time.Millisecond
	// … when there have been so many of them in a row.
	enough = 32
	// calm: when none has come for so long, the room is given back.
	calm = 5 * time.Second
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
	p.rest = time.AfterFunc(time.Hour, p.relax)
	p.rest.Stop()
	runtime.SetFinalizer(&pulse{p}, (*pulse).beat)
	return p.stop
}

// pacer is used by the goroutine that runs finalizers, by its timer, and by who
// stops it.
type pacer struct {
	mu      sync.Mutex
	last    time.Time // of the last collection
	row     int       // of quick ones
	percent int
	rest    *time.Timer
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
	var next int
	next, p.row = percent(p.percent, p.row, now.Sub(p.last), live())
	p.last = now
	p.set(next)
	if next > usual {
		p.rest.Reset(calm)
	}
	runtime.SetFinalizer(x, (*pulse).beat)
}

func (p *pacer) set(percent int) {
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// relax is called when no collection has come for a while.
func (p *pacer) relax() {
	p.mu.Lock()
	quiet := !p.stopped && time.Since(p.last) >= calm
	if quiet {
		p.row = 0
		p.set(usual)
	}
	p.mu.Unlock()
	if quiet {
		debug.FreeOSMemory() // it collects, and gives back what is free then
	}
}

func (p *pacer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.rest.Stop()
	p.set(usual)
}

// percent is the percentage that follows from the present one, when the last
// collection was so long ago and has left so many bytes; and how many quick
// ones in a row that makes.
func percent(now, row int, since time.Duration, live uint64) (next, quick int) {
	if since < busy {
		row++
	} else if now == usual {
		row = 0
	}
	if now == usual && row < enough {
		return usual, row
	}
	return max(usual, int(Room*100/max(live, 1<<20))), row
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
