package heap

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	const mb = 1 << 20
	for _, tt := range []struct {
		name  string
		now   int
		since time.Duration
		live  uint64
		want  int
	}{
		{"calm and small", 100, 10 * time.Second, 4 * mb, 100},
		{"calm again", 800, 2 * time.Second, 4 * mb, 100},
		{"busy and small", 100, 10 * time.Millisecond, 4 * mb, 800},
		{"busy and tiny", 100, 10 * time.Millisecond, 1000, 3200},
		{"busy and as large as the room", 100, 10 * time.Millisecond, Room, 100},
		{"busy and large", 100, 10 * time.Millisecond, 1 << 30, 100},
		{"as busy as before, with more", 800, 300 * time.Millisecond, 8 * mb, 400},
		{"not busy yet", 100, 300 * time.Millisecond, 4 * mb, 100},
	} {
		if got := percent(tt.now, tt.since, tt.live); got != tt.want {
			t.Errorf("%s: %d, not %d", tt.name, got, tt.want)
		}
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
