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

// followTask waits for the end of a task. A person sees meanwhile how far it is, and
// whoever asks for it what the task writes; a watch that breaks off is no fault
// of the wait.
func (a *app) followTask(ctx context.Context, c *client.Client, id uuid.UUID, output bool) (task.Task, error) {
	if !a.Err.IsTerminal() && !output {
		return c.Wait(ctx, id)
	}
	m := terminal.NewMeter(a.Err)
	if output {
		m = terminal.NewMeter(terminal.NewPlainScreen(io.Discard)) // what the task writes says how far it is
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
	if err != nil || !output { // else the watch ends by itself, behind the last of the text
		stop()
	}
	<-watched
	m.ShowLine("")
	f.endLine()
	return t, err
}

// taskFollower shows what becomes of one task.
type taskFollower struct {
	meter  *terminal.Meter
	to     *terminal.Screen // above the meter
	output bool             // shows what the task writes as well
	try    int              // that has written
	next   int64            // where its text goes on
	inLine bool             // the last line that was shown has no end yet
}

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

// writeOutput shows text, says where some is missing, and begins another try on a line
// of its own.
func (f *taskFollower) writeOutput(try int, o proactor.TaskOutput) {
	if try != f.try {
		f.endLine()
		f.try, f.next = try, 0
	}
	if missed := o.At - f.next; missed > 0 {
		f.endLine()
		_ = f.to.WriteLines(fmt.Sprintf("… %s of its output were missed", terminal.Plural(int(missed), "byte")))
	}
	_, _ = io.WriteString(f.to, o.Text) // the screen keeps its error
	f.next, f.inLine = o.At+int64(len(o.Text)), !strings.HasSuffix(o.Text, "\n")
}

func (f *taskFollower) endLine() {
	if f.inLine {
		f.inLine = false
		_ = f.to.WriteLines("")
	}
}

// progressOf is a task on its way, in one line.
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
