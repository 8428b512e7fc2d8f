package dispatch

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/worker"
)

// outputHandler returns a handler that writes the texts of a channel until it
// is closed.
func outputHandler(text <-chan string) worker.Handler {
	return worker.Handle("write", func(ctx context.Context, _ any) (string, error) {
		for part := range text {
			_, _ = io.WriteString(worker.Output(ctx), part)
		}
		return "done", nil
	})
}

// readOutput reads output until it has enough bytes, or until the subscription
// ends. Every text must begin where the text before has ended.
func readOutput(t *testing.T, w *Subscription, enough int64) (text string, end int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	first := true
	for end < enough {
		news, missed, err := w.Next(ctx)
		if err != nil || missed > 0 {
			t.Fatalf("%q, then %v, %d missed", text, err, missed)
		}
		for _, n := range news {
			if n.Output == nil {
				continue
			}
			if n.State != task.Running || n.Progress != nil || n.Output.At != end && !first {
				t.Errorf("%+v behind byte %d", n, end)
			}
			first = false
			text += n.Output.Text
			end = n.Output.At + int64(len(n.Output.Text))
		}
	}
	return text, end
}

// The output of a task is visible while it runs, by stream and by webhook, also
// to a later subscriber.
func TestOutputIsSeen(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"stream", "webhook"} {
		t.Run(way, func(t *testing.T) {
			h := newTestDispatcher(t, newPool("p"))
			h.d.webhooksOnly = way == "webhook"
			text := make(chan string)
			h.attachWorker("p", "w", 1, outputHandler(text))
			pool, err := h.d.SubscribePool(h.ctx, "p")
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			one := h.mustSubmit(task.Request{Pool: "p"})
			text <- "one\n"
			if got, _ := readOutput(t, pool, 4); got != "one\n" {
				t.Errorf("seen: %q", got)
			}
			text <- "zw\xc3" // half of a character
			text <- "\xb6lf \xff\n"
			if got, _ := readOutput(t, pool, 13); got != "zwölf ?\n" {
				t.Errorf("seen: %q", got)
			}
			late, err := h.d.SubscribeTask(h.ctx, one.ID)
			if err != nil {
				t.Fatal(err)
			}
			defer late.Close()
			if got, end := readOutput(t, late, 13); got != "one\nzwölf ?\n" || end != 13 {
				t.Errorf("seen later: %q", got)
			}
			close(text)
			if got := h.mustWait(one.ID); got.State != task.Completed {
				t.Errorf("%+v", got)
			}
			if got := readStates(t, late, 9); len(got) == 0 || got[len(got)-1] != task.Completed {
				t.Errorf("the end: %v", got)
			}
		})
	}
}

// Output that comes faster than its reader reads is bounded: the oldest text is
// dropped, and the reader can see how much.
func TestOutputThatIsNotFetched(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	id := h.mustSubmit(task.Request{Pool: "p"}).ID
	w, err := h.d.SubscribeTask(h.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const parts, size = 1000, 1000
	h.runInLoop(func() {
		for n := range int64(parts) {
			h.d.subscribers.publishEvent(task.Event{ID: id, Pool: "p", State: task.Running, Output: &task.Output{At: n * size, Text: strings.Repeat("x", size)}})
		}
	})
	news, missed, err := w.Next(h.ctx)
	held, next := 0, int64(-1)
	for _, n := range news {
		if n.Output == nil {
			continue
		}
		if next >= 0 && n.Output.At != next {
			t.Errorf("a gap before %d", n.Output.At)
		}
		held += len(n.Output.Text)
		next = n.Output.At + int64(len(n.Output.Text))
	}
	if err != nil || missed == 0 || held > maxOutputBytes || held < maxOutputBytes/2 || next != parts*size {
		t.Errorf("%d bytes up to %d, %d missed, %v", held, next, missed, err)
	}
}

// A worker may repeat text, extend it, or leave some out. Impossible offsets
// are ignored.
func TestOutputFitsTogether(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("hold"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	var r *attempt
	h.runInLoop(func() { r = h.d.workers[workerID{"w", 1}].running[one.ID] })
	for _, step := range []struct {
		at         int64
		text, tail string
		end        int64
	}{
		{0, "abc", "abc", 3},
		{0, "abc", "abc", 3},
		{1, "bcde", "abcde", 5},
		{2, "cd", "abcde", 5},
		{-1, "x", "abcde", 5},
		{1<<63 - 1, "x", "abcde", 5},
		{100, "far", "far", 103},
		{103, strings.Repeat("y", outputTail), strings.Repeat("y", outputTail), 103 + outputTail},
	} {
		h.runInLoop(func() {
			h.d.recordOutput(r, task.Output{At: step.at, Text: step.text}, time.Now())
			if string(r.output.tail) != step.tail || r.output.end != step.end {
				t.Errorf("%d %.10q: %.20q up to %d", step.at, step.text, r.output.tail, r.output.end)
			}
		})
	}
	g.let()
	h.mustWait(one.ID)
}

// The output of another attempt begins at zero.
func TestOutputOfAnotherAttempt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, worker.Handle("twice", func(ctx context.Context, _ any) (string, error) {
		if run, _ := worker.TaskFromContext(ctx); run.Attempt > 1 {
			_, _ = io.WriteString(worker.Output(ctx), "second")
			return "", nil
		}
		_, _ = io.WriteString(worker.Output(ctx), "first")
		return "", worker.TaskFail{Retry: true}
	}))
	id := uuid.Must(uuid.NewV7())
	pool, err := h.d.SubscribePool(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	h.mustSubmit(task.Request{Pool: "p", ID: id})
	h.mustWait(id)
	tries := map[int]string{}
	for ended := false; !ended; {
		news, _, err := pool.Next(h.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range news {
			if ended = n.State.Terminal(); n.Output != nil {
				tries[n.Try] += n.Output.Text
			}
		}
	}
	if tries[1] != "first" || tries[2] != "second" {
		t.Errorf("%v", tries)
	}
}
