package initiator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/plan"
	"initiator/internal/queue"
	"initiator/internal/schedule"
)

// book notes what schedules submit.
type book struct {
	keys []string
	full time.Time // until then every submit is refused
}

func (b *book) submit(_ context.Context, r task.Request) (task.Task, error) {
	if time.Now().Before(b.full) {
		return task.Task{}, errors.New("the queue is full")
	}
	b.keys = append(b.keys, r.Key)
	return task.Task{}, nil
}

func scheduling(t *testing.T, dir string, b *book) *schedules {
	t.Helper()
	s, err := readSchedules(dir, b.submit, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// live runs schedules for so long.
func (s *schedules) live(span time.Duration, list ...plan.Schedule) {
	ctx, cancel := context.WithTimeout(context.Background(), span)
	defer cancel()
	s.run(ctx, list)
}

func every(name string, d time.Duration, missed string) plan.Schedule {
	return plan.Schedule{Name: name, Every: d, Task: "p", Data: "null", Missed: missed}
}

// ticks are the keys that a schedule in a bubble, which begins at midnight of
// 2000-01-01 in UTC, makes at these seconds.
func ticks(name string, seconds ...int) (keys []string) {
	for _, n := range seconds {
		keys = append(keys, tickKey(name, time.Date(2000, 1, 1, 0, 0, n, 0, time.UTC)))
	}
	return keys
}

func TestOneTaskATick(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		scheduling(t, dir, b).live(35*time.Second, every("a", 10*time.Second, "skip"))
		if want := ticks("a", 10, 20, 30); !slices.Equal(b.keys, want) {
			t.Errorf("%q, want %q", b.keys, want)
		}
	})
}

// What was noted is not submitted again, what was missed is made up for once or
// skipped, and a crash before the note is the same task again.
func TestSchedulesOverARestart(t *testing.T) {
	for missed, want := range map[string][]string{
		"skip": ticks("a", 10, 20, 90, 100),
		"once": ticks("a", 10, 20, 80, 90, 100),
	} {
		t.Run(missed, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				b := &book{}
				one := every("a", 10*time.Second, missed)
				scheduling(t, dir, b).live(25*time.Second, one)
				<-time.After(61 * time.Second) // nobody is there
				scheduling(t, dir, b).live(15*time.Second, one)
				if !slices.Equal(b.keys, want) {
					t.Errorf("%q, want %q", b.keys, want)
				}
			})
		})
	}
}

func TestACrashBeforeTheNoteIsTheSameTask(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		one := every("a", 10*time.Second, "once")
		scheduling(t, dir, b).live(5*time.Second, one)
		before, err := os.ReadFile(filepath.Join(dir, schedulesName))
		if err != nil {
			t.Fatal(err)
		}
		scheduling(t, dir, b).live(6*time.Second, one)
		if err := os.WriteFile(filepath.Join(dir, schedulesName), before, 0o600); err != nil {
			t.Fatal(err)
		}
		scheduling(t, dir, b).live(time.Second, one)
		if want := ticks("a", 10, 10); !slices.Equal(b.keys, want) {
			t.Errorf("%q, want the same key twice: %q", b.keys, want)
		}
	})
}

func TestATickThatIsRefusedIsTriedUntilItIsLate(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &book{full: time.Now().Add(22 * time.Second)} // 10 is given up by then, 20 not
		scheduling(t, dir, b).live(35*time.Second, every("a", 10*time.Second, "skip"))
		if want := ticks("a", 20, 30); !slices.Equal(b.keys, want) {
			t.Errorf("%q, want %q", b.keys, want)
		}
	})
}

func TestReloadOfSchedules(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		s := scheduling(t, dir, b)
		go func() {
			<-time.After(15 * time.Second)
			s.replace(nil)
			s.replace([]plan.Schedule{every("b", 10*time.Second, "once")})
		}()
		s.live(25*time.Second, every("a", 10*time.Second, "once"))
		if want := append(ticks("a", 10), ticks("b", 20)...); !slices.Equal(b.keys, want) {
			t.Errorf("%q, want %q", b.keys, want)
		}
	})
}

func TestCronOfASchedule(t *testing.T) {
	dir := t.TempDir()
	cron, err := schedule.ParseCron("*/2 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		scheduling(t, dir, b).live(5*time.Minute, plan.Schedule{Name: "a", Cron: cron, Zone: time.UTC, Task: "p", Data: "null"})
		if want := ticks("a", 120, 240); !slices.Equal(b.keys, want) {
			t.Errorf("%q, want %q", b.keys, want)
		}
	})
}
