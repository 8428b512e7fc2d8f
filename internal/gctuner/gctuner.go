package gctuner

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Room is how much garbage, in bytes, a busy process may hold at least before
// the next collection.
const Room = 32 << 20

const (
	// quickInterval is the longest time between two collections that counts as
	// quick.
	quickInterval = 250 * time.Millisecond
	// quickLimit is the number of quick collections in a row that raises the
	// percentage.
	quickLimit = 32
	// idleTime is the time without a collection after which the room is given
	// back.
	idleTime = 5 * time.Second
	// defaultPercent is Go's own percentage. The tuner never goes below it.
	defaultPercent = 100
)

// Start begins to watch the collector of this process and returns a function
// that ends it. A process calls it once. It does nothing when the environment
// sets GOGC or GOMEMLIMIT: then the user has chosen.
func Start() (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	p := &tuner{last: time.Now(), percent: defaultPercent}
	p.idle = time.AfterFunc(time.Hour, p.releaseRoom)
	p.idle.Stop()
	runtime.SetFinalizer(&sentinel{p}, (*sentinel).afterCollection)
	return p.stopWatching
}

// tuner is used by the goroutine that runs finalizers, by its timer, and by the
// goroutine that stops it.
type tuner struct {
	mu      sync.Mutex
	last    time.Time // of the last collection
	quick   int       // quick collections in a row
	percent int
	idle    *time.Timer // calls releaseRoom
	stopped bool
}

// sentinel is garbage from the beginning, so that every collection finds it and
// runs its finalizer.
type sentinel struct{ tuner *tuner }

// afterCollection runs after a collection and sets the next percentage.
func (x *sentinel) afterCollection() {
	p := x.tuner
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	now := time.Now()
	var next int
	next, p.quick = nextPercent(p.percent, p.quick, now.Sub(p.last), scannedBytes())
	p.last = now
	p.setPercent(next)
	if next > defaultPercent {
		p.idle.Reset(idleTime)
	}
	runtime.SetFinalizer(x, (*sentinel).afterCollection)
}

func (p *tuner) setPercent(percent int) {
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// releaseRoom runs when no collection has come for idleTime. It restores the
// default percentage and returns free memory to the system.
func (p *tuner) releaseRoom() {
	p.mu.Lock()
	quiet := !p.stopped && time.Since(p.last) >= idleTime
	if quiet {
		p.quick = 0
		p.setPercent(defaultPercent)
	}
	p.mu.Unlock()
	if quiet {
		debug.FreeOSMemory() // it collects first
	}
}

func (p *tuner) stopWatching() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.idle.Stop()
	p.setPercent(defaultPercent)
}

// nextPercent returns the percentage after a collection, and the number of quick
// collections in a row. Since is the time from the previous collection, scanned the
// number of bytes of which the percentage is taken.
func nextPercent(now, quick int, since time.Duration, scanned uint64) (percent, inRow int) {
	if since < quickInterval {
		quick++
	} else if now == defaultPercent {
		quick = 0
	}
	if now == defaultPercent && quick < quickLimit {
		return defaultPercent, quick
	}
	return max(defaultPercent, int(Room*100/max(scanned, 1<<20))), quick
}

// scannedBytes is the number of bytes of which Go takes the percentage: what has
// survived the last collection, the stacks, and the global variables.
func scannedBytes() (sum uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	for _, sample := range samples {
		if sample.Value.Kind() != metrics.KindUint64 {
			return Room // this version of Go has no such metric: then nothing changes
		}
		sum += sample.Value.Uint64()
	}
	return sum
}
