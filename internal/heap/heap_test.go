package heap

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
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
		{"calm and small", 100, 0, 10 * time.Second, 4 * mb, 100, 0},
		{"a start", 100, 5, quick, 4 * mb, 100, 6},
		{"a start that is over", 100, 30, time.Second, 4 * mb, 100, 0},
		{"busy and small", 100, 31, quick, 4 * mb, 800, 32},
		{"busy and tiny", 100, 31, quick, 1000, 3200, 32},
		{"busy and as large as the room", 100, 31, quick, Room, 100, 32},
		{"busy and large", 100, 31, quick, 1 << 30, 100, 32},
		{"busy still, with more", 800, 32, 300 * time.Millisecond, 8 * mb, 400, 32},
		{"busy still, and quick", 800, 32, quick, 4 * mb, 800, 33},
	} {
		if got, row := percent(tt.now, tt.row, tt.since, tt.live); got != tt.want || row != tt.has {
			t.Errorf("%s: %d after %d, not %d after %d", tt.name, got, row, tt.want, tt.has)
		}
	}
}

// TestACalmProcessGivesItsRoomBack, when no collection has come for a while.
func TestACalmProcessGivesItsRoomBack(t *testing.T) {
	p := &pacer{last: time.Now().Add(-2 * calm), percent: usual, row: enough}
	p.rest = time.AfterFunc(time.Hour, p.relax)
	defer p.stop()
	p.set(800)
	p.relax()
	if got := setting(t); got != usual || p.row != 0 {
		t.Errorf("it is %d after %d", got, p.row)
	}
	p.set(800)
	p.last = time.Now()
	p.relax() // a collection came just before
	if got := setting(t); got != 800 {
		t.Errorf("while it is busy it is %d", got)
	}
}

// TestABusyProcessCollectsLessOften, and one that does not want it is left
// alone.
func TestABusyProcessCollectsLessOften(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	stop := Pace()
	for began := time.Now(); setting(t) == usual; {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it never got room")
		}
		runtime.GC()
	}
	stop()
	stop()
	if got := setting(t); got != usual {
		t.Errorf("after the end it is %d", got)
	}
	t.Setenv("GOGC", "70")
	Pace()()
	if got := setting(t); got != usual {
		t.Errorf("although GOGC is set, it is %d", got)
	}
}

// setting is the percentage that holds now.
func setting(t *testing.T) int {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}
