package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/internal/output"
)

const upLong = `Start the workers of the INI, or only the named workers and their dependencies, and
keep them running until Ctrl-C or a TERM signal, or until the terminal is closed. Then
up stops all workers within their stop times. A second signal kills the remaining
workers; the same signal twice within 0.1 s counts once.

On a terminal up shows a line for each worker until all are ready; elsewhere it
writes a log. With -o json every state change of a worker is a line on stdout. The
output of workers whose log is "-", /dev/stdout or /dev/stderr is shown as it is, behind
"name:index | " when there are several workers (log_prefix).

USR2 reopens all log files, for use after a rotation. HUP applies the INI as reload
does, unless the terminal was closed; a HUP that was ignored at the start (nohup)
stays ignored. QUIT ends up as TERM does, and writes all goroutines to the log. USR1
has no effect.

` + surroundingsLong

func (a *app) upCommand() *cobra.Command {
	u := &upRun{app: a}
	cmd := &cobra.Command{
		Use: "up [NAME…]", Short: "Start the workers and keep them running", Long: upLong,
		ValidArgsFunction: a.CompleteNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			// After a failed upgrade the old program takes over again.
			return u.runBelowPID1(func() error { return initiator.RevertUpgrade(u.startUp(cmd.Context(), args)) })
		},
	}
	cmd.Flags().StringVar(&a.GUID, "guid", "", "read the initiator's settings also from section [`GUID`], as turberfield does")
	cmd.Flags().IntVar(&a.Port, "port", 0, "with --guid: listen on this `PORT`")
	u.addFlags(cmd.Flags())
	cmd.Flags().StringVar(&u.level, "loglevel", "", "the least `LEVEL` that is logged: trace, debug, info, warn or error")
	return cmd
}

// upRun is one `up`.
type upRun struct {
	*app
	level string
	in    *initiator.Initiator
	live  *terminal.LiveView // nil where stderr is not a terminal

	stopping string // says what the stop waits for; set before the context of the run ends
	log      hclog.Logger
	readinessCount
	upEnvironment

	logFile    *logFile      // nil where the log goes to stderr or stdout
	queue      *output.Queue // writes to stderr
	forWorkers *output.Queue // writes to stdout, unless -o json needs it
}

// startUp makes the initiator that the INI and the flags describe, and runs it.
func (u *upRun) startUp(ctx context.Context, only []string) error {
	p, err := u.ReadPlan()
	if err != nil {
		return err
	}
	if err := u.checkMain(p); err != nil {
		return err
	}
	if u.Err.IsTerminal() {
		u.live = terminal.NewLiveView(u.Err)
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
		Path: p.File, Plan: p, GUID: u.GUID, Port: u.Port, StateDir: u.StateDir, Only: only, Main: u.mainWorker,
		Logger: initiator.HCLog(u.log), LogFile: u.logFile.filePath(), Stdout: u.forWorkers, Stderr: u.queue, Listeners: u.passed,
	})
	if err != nil {
		return cli.UsageFault(err)
	}
	ctx, ending := cli.NewSignalCatcher(ctx)
	defer u.handleSignals(ending)()
	return u.live.HideCursorDuring(func() error { return u.runInitiator(ctx, ending.Later()) })
}

// runInitiator runs the initiator and shows it until it has ended.
func (u *upRun) runInitiator(signalled context.Context, again <-chan syscall.Signal) error {
	ctx, stop := u.stopAfter(signalled)
	defer stop()
	ran := make(chan error, 1)
	go func() { ran <- u.in.Run(ctx) }()
	<-u.in.Started()
	if u.in.URL() == "" { // Run has ended before
		err := <-ran
		if errors.Is(err, initiator.ErrInUse) {
			u.NameOtherFile()
		}
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
	return cli.ExitWith(mainCode(workersOf(u.in.Workers(), u.mainWorker)))
}
