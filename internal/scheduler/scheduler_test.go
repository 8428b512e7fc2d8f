package scheduler

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

	"initiator/initiator/task"
	"initiator/internal/plan"
	"initiator/internal/schedule"
	"initiator/internal/statedir"
)

// recorder notes what a scheduler submits.
type recorder struct {
	keys      []string
	fullUntil time.Time // every submit before it is refused
}

func (r *recorder) submit(_ context.Context, q task.Request) (task.Task, error) {
	if time.Now().Before(r.fullUntil) {
		return task.Task{}, errors.New("the queue is full")
	}
	r.keys = append(r.keys, q.Key)
	return task.Task{}, nil
}

// runScheduler runs a new scheduler on a state directory for some time.
func runScheduler(t *testing.T, dir string, r *recorder, d time.Duration, list ...plan.Schedule) {
	t.Helper()
	newScheduler(t, dir, r, func(s *Scheduler) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		s.Run(ctx, list)
	})
}

func newScheduler(t *testing.T, dir string, r *recorder, use func(*Scheduler)) {
	t.Helper()
	state, err := statedir.Open(dir, statedir.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	ticks, err := state.ReadScheduleTicks()
	if err != nil {
		t.Fatal(err)
	}
	use(New(ticks, r.submit, hclog.NewNullLogger()))
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

func TestOneTaskForEachTick(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		runScheduler(t, dir, r, 35*time.Second, every("a", 10*time.Second, "skip"))
		if want := ticks("a", 10, 20, 30); !slices.Equal(r.keys, want) {
			t.Errorf("%q, want %q", r.keys, want)
		}
	})
}

// A tick that was stored is not submitted again; a tick that was missed is made up
// for once, or skipped.
func TestTicksOverRestart(t *testing.T) {
	t.Parallel()
	for missed, want := range map[string][]string{
		"skip": ticks("a", 10, 20, 90, 100),
		"once": ticks("a", 10, 20, 80, 90, 100),
	} {
		t.Run(missed, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				r := &recorder{}
				one := every("a", 10*time.Second, missed)
				runScheduler(t, dir, r, 25*time.Second, one)
				<-time.After(61 * time.Second) // no initiator runs
				runScheduler(t, dir, r, 15*time.Second, one)
				if !slices.Equal(r.keys, want) {
					t.Errorf("%q, want %q", r.keys, want)
				}
			})
		})
	}
}

// After a crash between submit and write the tick has the same key, so that it is
// the same task.
func TestCrashBeforeWriteSubmitsSameTask(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "schedules.json")
		r := &recorder{}
		one := every("a", 10*time.Second, "once")
		runScheduler(t, dir, r, 5*time.Second, one)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		runScheduler(t, dir, r, 6*time.Second, one)
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
		runScheduler(t, dir, r, time.Second, one)
		if want := ticks("a", 10, 10); !slices.Equal(r.keys, want) {
			t.Errorf("%q, want the same key twice: %q", r.keys, want)
		}
	})
}

func TestRefusedTickIsRetriedUntilLate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{fullUntil: time.Now().Add(22 * time.Second)} // 10 is given up by then, 20 is not
		runScheduler(t, dir, r, 35*time.Second, every("a", 10*time.Second, "skip"))
		if want := ticks("a", 20, 30); !slices.Equal(r.keys, want) {
			t.Errorf("%q, want %q", r.keys, want)
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		newScheduler(t, dir, r, func(s *Scheduler) {
			go func() {
				<-time.After(15 * time.Second)
				s.Replace(nil)
				s.Replace([]plan.Schedule{every("b", 10*time.Second, "once")})
			}()
			ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
			defer cancel()
			s.Run(ctx, []plan.Schedule{every("a", 10*time.Second, "once")})
		})
		if want := append(ticks("a", 10), ticks("b", 20)...); !slices.Equal(r.keys, want) {
			t.Errorf("%q, want %q", r.keys, want)
		}
	})
}

func TestCronSchedule(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cron, err := schedule.ParseCron("*/2 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		runScheduler(t, dir, r, 5*time.Minute, plan.Schedule{Name: "a", Cron: cron, Zone: time.UTC, Task: "p", Data: "null"})
		if want := ticks("a", 120, 240); !slices.Equal(r.keys, want) {
			t.Errorf("%q, want %q", r.keys, want)
		}
	})
}
