package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/proactor"
)

// followTask waits for the end of a task. On a terminal it shows the progress,
// and with output also what the task writes. An error of the watch does not end
// the wait.
func (a *app) followTask(ctx context.Context, c *client.Client, id uuid.UUID, output bool) (task.Task, error) {
	if !a.Err.IsTerminal() && !output {
		return c.Wait(ctx, id)
	}
	m := terminal.NewMeter(a.Err)
	if output {
		m = terminal.NewMeter(terminal.NewPlainScreen(io.Discard)) // the output of the task takes the place of the progress
	}
	f := &taskFollower{meter: m, to: m.ScreenAbove(a.Err), output: output}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = c.Watch(watching, id, f.showEvent)
	}()
	t, err := c.Wait(ctx, id)
	if err != nil || !output { // otherwise the watch ends by itself after the last output
		stop()
	}
	<-watched
	m.ShowLine("")
	f.endLine()
	return t, err
}

// taskFollower shows the events of one task.
type taskFollower struct {
	meter  *terminal.Meter
	to     *terminal.Screen // above the meter
	output bool             // print the output of the task
	try    int              // the attempt that has written last
	next   int64            // the offset of the next output
	inLine bool             // the last line has no newline yet
}

// showEvent shows the state or the output of an event.
func (f *taskFollower) showEvent(n task.Event) error {
	if n.Output == nil {
		f.meter.ShowLine(progressOf(n))
		return nil
	}
	if f.output {
		f.writeOutput(n.Try, *n.Output)
	}
	return f.to.WriteError()
}

// writeOutput prints output. It says where output is missing, and begins the
// output of another attempt on a new line.
func (f *taskFollower) writeOutput(try int, o proactor.TaskOutput) {
	if try != f.try {
		f.endLine()
		f.try, f.next = try, 0
	}
	if missed := o.At - f.next; missed > 0 {
		f.endLine()
		_ = f.to.WriteLines(fmt.Sprintf("… %s of the output are missing", terminal.Plural(int(missed), "byte")))
	}
	_, _ = io.WriteString(f.to, o.Text) // Report returns the error of the screen
	f.next, f.inLine = o.At+int64(len(o.Text)), !strings.HasSuffix(o.Text, "\n")
}

// endLine ends an unfinished line of output.
func (f *taskFollower) endLine() {
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
