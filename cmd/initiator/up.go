package main

import (
	"context"
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
	live  *terminal.LiveView // nil where stderr is no terminal
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
		Path: p.File, GUID: u.GUID, Port: u.Port, StateDir: u.StateDir, Only: only,
		Logger: u.log, LogFile: p.Settings.LogFile, Stdout: u.forWorkers, Stderr: u.queue, Passed: u.passed,
	})
	if err != nil {
		return cli.UsageFault(err)
	}
	ctx, again, stop := cli.CatchSignals(ctx, syscall.SIGINT, syscall.SIGTERM)
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
	return cli.ExitWith(mainCode(workersOf(u.in.Workers(), u.mainWorker)))
}
