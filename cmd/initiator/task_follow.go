package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/google/uuid"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// followed says what followTask shows.
type followed struct {
	output   bool // what the task writes
	attempts bool // how each attempt but the last one ended
}

// followTask waits for the end of a task and shows what is wanted. Where nothing
// is, it shows the progress on a terminal. An error of the watch does not end the
// wait.
func (a *app) followTask(ctx context.Context, c *client.Client, id uuid.UUID, wanted followed) (task.Task, error) {
	toEnd := wanted != followed{}
	if !a.Err.IsTerminal() && !toEnd {
		return cli.ShowFailure(c.Wait(ctx, id))
	}
	m := terminal.NewMeter(a.Err)
	if toEnd {
		m = terminal.NewMeter(terminal.NewPlainScreen(io.Discard)) // the lines take the place of the progress
	}
	f := &taskFollower{meter: m, to: m.ScreenAbove(a.Err), followed: wanted}
	f.written = f.to.OutputWriter()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		f.showEvents(c.Watch(watching, id))
	}()
	t, err := cli.ShowFailure(c.Wait(ctx, id))
	if err != nil || !toEnd { // otherwise the watch ends by itself after the last output
		stop()
	}
	<-watched
	m.ShowLine("")
	f.endLine()
	return t, err
}

// taskFollower shows the events of one task.
type taskFollower struct {
	followed
	meter   *terminal.Meter
	to      *terminal.Screen       // above the meter
	written *terminal.OutputWriter // to the same screen, for the output
	try     int                    // the attempt that has written last
	next    int64                  // the offset of the next output
	inLine  bool                   // the last line has no newline yet
}

// showEvents shows events until they end, or until an error. The event after a gap is
// newer.
func (f *taskFollower) showEvents(events iter.Seq2[task.Event, error]) {
	for e, err := range events {
		if errors.As(err, new(*client.GapError)) {
			continue
		}
		if err != nil || f.showEvent(e) != nil {
			return
		}
	}
}

// showEvent shows the state or the output of an event.
func (f *taskFollower) showEvent(n task.Event) error {
	if note := attemptNote(n); note != "" && f.attempts {
		f.endLine()
		_ = f.to.WriteLines(note) // Report returns the error of the screen
	}
	if n.Output == nil {
		f.meter.ShowLine(progressOf(n))
		return nil
	}
	if f.output {
		f.writeOutput(n.Try, *n.Output)
	}
	return f.to.WriteError()
}

// writeOutput prints output that was not printed yet: after an outage the initiator
// sends the newest output again. It says where output is missing, and begins the
// output of another attempt on a new line.
func (f *taskFollower) writeOutput(try int, o task.Output) {
	if try != f.try {
		f.endLine()
		f.try, f.next = try, 0
	}
	if known := f.next - o.At; known > 0 {
		known = min(known, int64(len(o.Text)))
		o.At, o.Text = o.At+known, o.Text[known:]
	}
	if o.Text == "" {
		return
	}
	if missed := o.At - f.next; missed > 0 {
		f.endLine()
		_ = f.to.WriteLines(fmt.Sprintf("… %s of the output are missing", terminal.Plural(int(missed), "byte")))
	}
	_, _ = io.WriteString(f.written, o.Text) // Report returns the error of the screen
	f.next, f.inLine = o.At+int64(len(o.Text)), !strings.HasSuffix(o.Text, "\n")
}

// endLine ends an unfinished line of output.
func (f *taskFollower) endLine() {
	_ = f.written.Flush() // Report returns the error of the screen
	if f.inLine {
		f.inLine = false
		_ = f.to.WriteLines("")
	}
}

// progressOf returns the state of a task in one line.
func progressOf(n task.Event) string {
	switch {
	case n.State.Terminal():
		return ""
	case len(n.Progress) > 0:
		return fmt.Sprintf("%s %s, attempt %d: %s", n.Pool, n.State, n.Attempt, n.Progress)
	case n.State == task.Running:
		return fmt.Sprintf("%s %s, attempt %d", n.Pool, n.State, n.Attempt)
	}
	return fmt.Sprintf("%s %s: %s", n.Pool, n.State, n.Reason)
}
