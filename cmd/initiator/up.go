package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"initiator/initiator"
	"initiator/internal/output"
	"initiator/internal/supervise"
)

const upLong = `Start the workers of the INI, or those that are named and what they come after,
and keep them alive until Ctrl-C or a TERM signal. Then everything is stopped
within its stop times. A second signal kills what is left at once.

On a terminal there is a line for each worker until all are ready; elsewhere
there is a log. With -o json every change of a worker is a line on stdout. Of
workers whose log is "-" the lines are shown behind "name:index | ".

USR2 opens all log files anew, after a rotation by others. HUP, without a
terminal, does what reload does. USR1 means nothing, and changes nothing.

` + surroundingsLong

func (a *app) upCommand() *cobra.Command {
	u := &upRun{app: a}
	cmd := &cobra.Command{
		Use: "up [NAME…]", Short: "Start the workers and keep them alive", Long: upLong,
		ValidArgsFunction: a.CompleteNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			// What this one cannot even begin, one that it has replaced goes on with.
			return u.runBelowPID1(func() error { return initiator.RevertUpgrade(u.startUp(cmd.Context(), args)) })
		},
	}
	cmd.Flags().StringVar(&a.GUID, "guid", "", "take the initiator's settings from section [`GUID`] as well, as turberfield's does")
	cmd.Flags().IntVar(&a.Port, "port", 0, "with --guid: listen on this `PORT`")
	u.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&u.level, "loglevel", "", "log from this `LEVEL` on: trace, debug, info, warn or error")
	return cmd
}

// upRun is one `up`.
type upRun struct {
	*app
	level string
	in    *initiator.Initiator
	live  *LiveView // nil where stderr is no terminal
	log   hclog.Logger
	readinessCount
	upEnvironment

	logFile    *logFile      // nil where the log goes to stderr
	queue      *output.Queue // in front of stderr, and so of the log
	forWorkers *output.Queue // in front of stdout: for lines of workers whose log is "-"
}

func (u *upRun) startUp(ctx context.Context, only []string) error {
	p, err := u.ReadPlan()
	if err != nil {
		return err
	}
	if err := u.checkMain(p); err != nil {
		return err
	}
	if u.Err.terminal {
		u.live = NewLiveView(u.Err)
	}
	closeLog, err := u.openLog(p)
	if err != nil {
		return err
	}
	defer closeLog()
	if err := u.readServiceManager(); err != nil {
		return err
	}
	u.in, err = initiator.New(initiator.Config{
		Path: p.File, GUID: u.GUID, Port: u.Port, StateDir: u.StateDir, Only: only,
		Logger: u.log, LogFile: p.Settings.LogFile, Stdout: u.forWorkers, Stderr: u.queue, Passed: u.passed,
	})
	if err != nil {
		return UsageFault(err)
	}
	ctx, again, stop := CatchSignals(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer u.handleSignals()()
	return u.live.HideCursorDuring(func() error { return u.runInitiator(ctx, again) })
}

// runInitiator runs the initiator and shows it until it has ended.
func (u *upRun) runInitiator(ctx context.Context, again <-chan syscall.Signal) error {
	ran := make(chan error, 1)
	go func() { ran <- u.in.Run(ctx) }()
	select {
	case <-u.in.Listening():
	case err := <-ran:
		return err
	}
	if u.live == nil {
		u.log.Info("started", "version", initiator.Version, "pid", os.Getpid(), "config", u.in.Plan().File, "state_dir", u.in.StateDir(), "api", u.in.URL())
	}
	over, end := context.WithCancel(context.Background())
	var beside sync.WaitGroup
	beside.Go(func() { u.showTransitions(over, ctx) })
	beside.Go(func() { u.service.notifyUntil(over, ctx, u.in) })
	beside.Go(func() { u.watchMain(over) })
	err := u.waitForEnd(ctx, again, ran)
	end()
	beside.Wait()
	if err != nil {
		return err
	}
	u.printNote("ended")
	return ExitWith(mainCode(workersOf(u.in.Workers(), u.mainWorker)))
}

// progressInterval is how often a stop says what it waits for.
const progressInterval = time.Second

// waitForEnd waits for the end, and says on the way what it waits for.
func (u *upRun) waitForEnd(ctx context.Context, again <-chan syscall.Signal, ran <-chan error) error {
	var killed error
	var said string
	done := ctx.Done()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-ran:
			if err == nil {
				err = killed
			}
			return err
		case <-done:
			done = nil
			u.live.Settle()
			u.live.ClearTypedText()
			u.printNote("%s", u.stoppingText(ctx))
			tick.Reset(progressInterval)
		case <-tick.C:
			if waits := u.stoppingWorkers(); ctx.Err() != nil && waits != "" && waits != said {
				said = waits
				u.printNote("waits for %s", waits)
			}
		case s := <-again:
			if killed == nil {
				u.printNote("kills what is left (second %s)", Interrupted{s}.SignalName())
				killed = Interrupted{s}
				u.in.Kill()
			}
		}
	}
}

// stoppingText says how long a stop may take, and how to cut it short.
func (u *upRun) stoppingText(ctx context.Context) string {
	alive, longest := 0, time.Duration(0)
	for _, w := range u.in.Workers() {
		if w.PID == 0 {
			continue
		}
		alive++
		if s, ok := u.in.Plan().Spec(w.Name); ok {
			longest = max(longest, s.Drain+s.StopWait)
		}
	}
	var sig Interrupted
	if !errors.As(context.Cause(ctx), &sig) || alive == 0 {
		return "stopping"
	}
	how := "a second signal kills at once"
	if sig.Signal == syscall.SIGINT {
		how = "Ctrl-C again kills at once"
	}
	return fmt.Sprintf("stopping %s, at most %s; %s", Plural(alive, "worker"), FormatDuration(longest), how)
}

// stoppingWorkers names the workers that are not yet stopped, and what holds them up.
func (u *upRun) stoppingWorkers() string {
	var left []string
	for _, w := range u.in.Workers() {
		if w.PID != 0 || w.State == supervise.Stopping {
			left = append(left, fmt.Sprintf("%s %s (%s)", w.Name, ShortGUID(w.GUID), w.Reason))
		}
	}
	return JoinNames(left)
}

// printNote tells a person what happens: a line on the terminal, or in the log.
func (u *upRun) printNote(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if u.live != nil {
		u.live.PrintLine(text)
		return
	}
	u.log.Info(text)
}

// showTransitions tells of every change of a worker, until over.
func (u *upRun) showTransitions(over, running context.Context) {
	since := uint64(0)
	for first := true; ; first = false {
		past, more := u.in.Events(since)
		for _, t := range past {
			since = t.Seq
			u.showTransition(t)
		}
		switch {
		case running.Err() != nil || !first && len(past) == 0:
		case u.live != nil:
			u.live.ShowWorkers(u.in.Workers(), u.startsItself, u.announceReady)
		default:
			u.readinessCount.noteTransitions(past, u.in, u.startsItself, u.announceReady)
		}
		select {
		case <-more:
		case <-over.Done():
			return
		}
	}
}

func (u *upRun) showTransition(t supervise.Transition) {
	if u.Format.JSON {
		_ = u.Out.WriteJSON(t) // the error stays with the screen
	}
	u.live.ShowTransition(t)
}

// startsItself says whether workers of a definition start by themselves.
func (u *upRun) startsItself(name string) bool {
	s, ok := u.in.Plan().Spec(name)
	return ok && s.Autostart
}

// announceReady says that all is done that can be, and on a terminal where the API is
// and how to stop; a log has said the one, and needs the other not.
func (u *upRun) announceReady(lost int) {
	up := "all workers are ready"
	if lost > 0 {
		up = Plural(lost, "worker") + " could not be started, the others go on"
	}
	if u.live == nil {
		u.log.Info(up)
		return
	}
	u.live.PrintLine(up + "; Ctrl-C stops them")
	u.live.PrintLine("the API is at " + u.in.URL() + ", its token in " + shortestPath(filepath.Join(u.in.StateDir(), "token")))
}

// shortestPath is a path as one types it here, where that is shorter.
func shortestPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return rel
}
