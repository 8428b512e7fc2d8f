package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const (
	// reportAfter is the time after which a verb prints the workers that it waits
	// for, and the time between two looks at them.
	reportAfter = 2 * time.Second
	// reportedWorkers is how many workers a verb names at once.
	reportedWorkers = 5
)

// AddWaitFlag adds --wait to a verb that waits for workers.
func (a *App) AddWaitFlag(f *pflag.FlagSet) {
	f.Var(&a.wait, "wait", "how long to wait; then the exit code is 124, and the request goes on")
}

// errWaitOver is the cause of a context that --wait has ended.
var errWaitOver = &Fault{Code: ExitTimeout, Err: errors.New("not done within --wait")}

// WithWaiting calls do like WithClient, for a verb that waits for the named
// workers. Meanwhile it says on stderr what the verb waits for. After --wait it
// returns, and says what becomes of the request; "" = the request goes on.
func (a *App) WithWaiting(cmd *cobra.Command, names []string, then string, do func(context.Context, *client.Client) error) error {
	return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
		if a.wait.Given {
			limited, stop := context.WithTimeoutCause(ctx, a.wait.Value, errWaitOver)
			defer stop()
			ctx = limited
		}
		stop := a.reportWait(ctx, c, names)
		err := do(ctx, c)
		stop()
		if !errors.Is(err, errWaitOver) {
			return err
		}
		if then == "" {
			then = "the request goes on"
		}
		err = fmt.Errorf("%w: %s", err, then)
		if lines := awaitedNow(c, names); len(lines) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.Join(lines, "; "))
		}
		return NewFault(ExitTimeout, err, "`initiator status` shows how it goes on")
	})
}

// awaitedNow returns what a verb waits for when its own context has ended.
func awaitedNow(c *client.Client, names []string) []string {
	ctx, stop := context.WithTimeout(context.Background(), reportAfter)
	defer stop()
	all, err := c.Workers(ctx)
	if err != nil {
		return nil
	}
	return awaitedLines(all, names)
}

// reportWait prints on stderr the workers that a verb waits for, and then each
// change of their state, until stop is called.
func (a *App) reportWait(ctx context.Context, c *client.Client, names []string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	screen := a.Err.Detach()
	var reporter sync.WaitGroup
	reporter.Go(func() {
		tick := time.NewTicker(reportAfter)
		defer tick.Stop()
		printed := map[string]bool{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			all, err := c.Workers(ctx)
			if err != nil {
				continue // the verb itself reports it
			}
			now := map[string]bool{}
			for _, line := range awaitedLines(all, names) {
				if now[line] = true; !printed[line] {
					_ = screen.WriteLines("waiting for " + line) // without stderr there is no place to report it
				}
			}
			printed = now
		}
	})
	return func() {
		cancel()
		reporter.Wait()
	}
}

// awaitedLines returns a line for each of the named workers, and of the workers
// that they come after, whose state will change. Names are as in ChooseWorkers;
// a name that no worker has is ignored.
func awaitedLines(all []report.Worker, names []string) (lines []string) {
	more := 0
	for _, w := range concernedWorkers(all, names) {
		switch {
		case !IsUnsettled(w):
		case len(lines) == reportedWorkers:
			more++
		default:
			lines = append(lines, fmt.Sprintf("%s %s: %s: %s", w.Name, terminal.ShortGUID(w.GUID), terminal.StateName(w), terminal.OneLine(w.Reason)))
		}
	}
	if more > 0 {
		lines = append(lines, "and "+terminal.Plural(more, "more worker"))
	}
	return lines
}

// concernedWorkers returns the named workers, in the order of all, and the
// workers for which they wait.
func concernedWorkers(all []report.Worker, names []string) (concerned []report.Worker) {
	wanted := map[string]bool{}
	var want func(w report.Worker)
	want = func(w report.Worker) {
		if wanted[w.GUID] {
			return
		}
		wanted[w.GUID] = true
		for _, item := range w.WaitsFor {
			name, _, _ := strings.Cut(item, ":")
			for _, other := range all {
				if other.Name == name {
					want(other)
				}
			}
		}
	}
	for _, name := range names {
		found := FindWorkers(all, name)
		if name == "all" {
			found = all
		}
		for _, w := range found {
			want(w)
		}
	}
	for _, w := range all {
		if wanted[w.GUID] {
			concerned = append(concerned, w)
		}
	}
	return concerned
}

// IsUnsettled reports whether the state of a worker may change without a request:
// it starts, stops, waits or is not ready.
func IsUnsettled(w report.Worker) bool {
	switch w.State {
	case report.Starting, report.Backoff, report.Stopping:
		return true
	case report.Running:
		return !w.Ready
	}
	return w.State == report.Stopped && len(w.WaitsFor) > 0
}
