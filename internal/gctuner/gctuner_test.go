package gctuner

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestNextPercent(t *testing.T) {
	const (
		mb    = 1 << 20
		quick = 10 * time.Millisecond
	)
	for _, tt := range []struct {
		name      string
		now, row  int
		since     time.Duration
		live      uint64
		want, has int
	}{
		{"idle and small", 100, 0, 10 * time.Second, 4 * mb, 100, 0},
		{"a start", 100, 5, quick, 4 * mb, 100, 6},
		{"a start that is over", 100, 30, time.Second, 4 * mb, 100, 0},
		{"busy and small", 100, 31, quick, 4 * mb, 800, 32},
		{"busy and tiny", 100, 31, quick, 1000, 3200, 32},
		{"busy and as large as the room", 100, 31, quick, Room, 100, 32},
		{"busy and large", 100, 31, quick, 1 << 30, 100, 32},
		{"busy still, with more", 800, 32, 300 * time.Millisecond, 8 * mb, 400, 32},
		{"busy still, and quick", 800, 32, quick, 4 * mb, 800, 33},
	} {
		if got, row := nextPercent(tt.now, tt.row, tt.since, tt.live); got != tt.want || row != tt.has {
			t.Errorf("%s: %d after %d, not %d after %d", tt.name, got, row, tt.want, tt.has)
		}
	}
}

func TestIdleProcessReleasesItsRoom(t *testing.T) {
	p := &tuner{last: time.Now().Add(-2 * idleTime), percent: defaultPercent, quick: quickLimit}
	p.idle = time.AfterFunc(time.Hour, p.releaseRoom)
	defer p.stopWatching()
	p.setPercent(800)
	p.releaseRoom()
	if got := setting(t); got != defaultPercent || p.quick != 0 {
		t.Errorf("it is %d after %d", got, p.quick)
	}
	p.setPercent(800)
	p.last = time.Now()
	p.releaseRoom() // a collection came just before
	if got := setting(t); got != 800 {
		t.Errorf("while it is busy it is %d", got)
	}
}

// TestBusyProcessCollectsLessOften also checks that GOGC turns the tuner off.
func TestBusyProcessCollectsLessOften(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	stop := Start()
	for began := time.Now(); setting(t) == defaultPercent; {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it never got room")
		}
		runtime.GC()
	}
	stop()
	stop()
	if got := setting(t); got != defaultPercent {
		t.Errorf("after the end it is %d", got)
	}
	t.Setenv("GOGC", "70")
	Start()()
	if got := setting(t); got != defaultPercent {
		t.Errorf("although GOGC is set, it is %d", got)
	}
}

// TestRoomIsForGarbageAlone has stacks that are larger than the heap: Go counts them
// when it takes the percentage.
func TestRoomIsForGarbageAlone(t *testing.T) {
	release, deep := make(chan struct{}), make(chan struct{})
	go useStack(16<<10, func() { close(deep); <-release }) // 16 MB
	<-deep
	defer close(release)
	runtime.GC()
	percent, _ := nextPercent(defaultPercent, quickLimit, 0, scannedBytes())
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	runtime.GC()
	samples := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	if room := samples[0].Value.Uint64() - samples[1].Value.Uint64(); room > Room+Room/8 {
		t.Errorf("with %d %%, %d MiB of garbage fit, and %d may", percent, room>>20, Room>>20)
	}
}

// useStack calls f with a stack of so many kibibytes.
func useStack(kib int, f func()) byte {
	var frame [1 << 10]byte
	if kib == 0 {
		f()
		return frame[0]
	}
	return useStack(kib-1, f) + frame[kib%len(frame)]
}

// setting is the percentage that holds now.
func setting(t *testing.T) int {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}
