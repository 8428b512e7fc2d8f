package queue_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// child returns a command that runs this test binary as a child (main_test.go).
func child(name, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), "TASK_TEST_CHILD="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// submitForEver submits, leases and ends tasks, and prints a line for each
// acknowledged change.
func submitForEver(dir string) error {
	q, err := queue.Open(dir, queue.Options{SegmentSize: 100_000, Retention: queue.Retention{Count: 100}})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		t, err := queue.NewTask(task.Request{Pool: "p", Data: fmt.Appendf(nil, "%d", n)}, time.Now(), task.Policy{Attempts: 3})
		if err != nil {
			return err
		}
		if _, _, err := q.AddTask(t); err != nil {
			return err
		}
		printed := fmt.Sprintln("submitted", t.ID)
		if n%2 == 1 {
			t, _ := q.LeaseNext(time.Now(), "p", "w", 1, nil)
			l, _ := queue.LeaseOf(&t)
			if _, err := q.EndAttempt(time.Now(), l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: t.Data}, 0); err != nil {
				return err
			}
			printed += fmt.Sprintln("completed", t.ID)
		}
		q.ExpireTasks(time.Now())
		q.Commit(func(err error) {
			if err == nil {
				_, err = os.Stdout.WriteString(printed)
			}
			if err != nil {
				os.Exit(1) // the test reads no more
			}
		})
		q.FinishCommits()
	}
}

// TestKilledAtRandom kills a working process again and again, and compares the
// acknowledged changes with the stored tasks.
func TestKilledAtRandom(t *testing.T) {
	dir := t.TempDir()
	for round := range 8 {
		cmd := child("submits", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		printed := map[uuid.UUID]string{}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 300*round+7 {
				_ = cmd.Process.Kill() // the child does not end by itself
			}
			if what, id, ok := strings.Cut(lines.Text(), " "); ok && len(id) == 36 {
				printed[uuid.MustParse(id)] = what
			}
		}
		_ = cmd.Wait() // killed
		checkKilled(t, dir, printed)
	}
}

// checkKilled opens the queue of a killed process and compares it with the
// changes that the process has printed.
func checkKilled(t *testing.T, dir string, printed map[uuid.UUID]string) {
	t.Helper()
	q, err := queue.Open(dir, queue.Options{SegmentSize: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	forgotten := 0
	for id, what := range printed {
		got, ok := q.FindTask(id)
		switch {
		case !ok && what == "completed":
			forgotten++
		case !ok:
			t.Errorf("%s was acknowledged and is lost", id)
		case what == "completed" && (got.State != task.Completed || !bytes.Equal(got.Result, got.Data)):
			t.Errorf("%s was completed and is %+v", id, got)
		}
	}
	t.Logf("of %d, %d were beyond their retention", len(printed), forgotten)
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// submitWithALimit submits tasks until a limit of 64 KiB for a file, lifts the
// limit, and leases a task.
func submitWithALimit(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	few := limit
	few.Cur = 64 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &few); err != nil {
		return err
	}
	q, err := queue.Open(dir, queue.Options{})
	if err != nil {
		return err
	}
	kept, err := fill(q)
	if !errors.Is(err, syscall.EFBIG) || kept == 0 {
		return fmt.Errorf("%d tasks fitted, then: %w", kept, err)
	}
	if got := q.CountTasks()["p"][task.Queued]; got != kept {
		return fmt.Errorf("%d queued, %d were kept", got, kept)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	now := time.Now()
	q.ExpireTasks(now)
	if _, woken := q.ExpireTasks(now.Add(time.Minute)); !woken {
		return errors.New("the queue does not try the disk again")
	}
	if _, ok := q.LeaseNext(now, "p", "w", 1, nil); !ok {
		return errors.New("no task can be leased")
	}
	return q.Close()
}

// fill submits tasks until a submit fails, and returns the number of stored tasks.
func fill(q *queue.Engine) (kept int, err error) {
	for {
		t, err := queue.NewTask(task.Request{Pool: "p", Data: payload}, time.Now(), task.Policy{})
		if err != nil {
			return kept, err
		}
		if _, _, err := q.AddTask(t); err != nil {
			return kept, err
		}
		if err := q.CommitAndWait(); err != nil {
			return kept, err
		}
		kept++
	}
}

// TestFullFileSystem fills a file to a limit. Every acknowledged task must stay, and
// work must go on when the limit is lifted.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := child("limited", dir).Run(); err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(dir, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c := q.CountTasks()["p"]; c[task.Queued] < 100 || c[task.Running] != 1 {
		t.Errorf("%v", c)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
