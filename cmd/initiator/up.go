package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"initiator/initiator"
	"initiator/initiator/plan"
	"initiator/initiator/supervise"
)

const upLong = `Start the workers of the INI, or those that are named and what they come after,
and keep them alive until Ctrl-C or a TERM signal. Then everything is stopped
within its stop times. A second signal kills what is left at once.

On a terminal there is a line for each worker until all are ready; elsewhere
there is a log. With -o json every change of a worker is a line on stdout.`

func (a *app) upCommand() *cobra.Command {
	u := &upper{app: a}
	cmd := &cobra.Command{
		Use: "up [NAME…]", Short: "Start the workers and keep them alive", Long: upLong,
		ValidArgsFunction: a.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.up(cmd.Context(), args)
		},
	}
	cmd.Flags().StringVar(&a.guid, "guid", "", "take the initiator's settings from section [`GUID`] as well, as turberfield's does")
	cmd.Flags().IntVar(&a.port, "port", 0, "with --guid: listen on this `PORT`")
	cmd.Flags().StringVar(&u.level, "loglevel", "", "log from this `LEVEL` on: trace, debug, info, warn or error")
	return cmd
}

// upper is one `up`.
type upper struct {
	*app
	level string
	in    *initiator.Initiator
	live  *live // nil where stderr is no terminal
	log   hclog.Logger
}

func (u *upper) up(ctx context.Context, only []string) error {
	p, err := u.plan()
	if err != nil {
		return err
	}
	if u.err.terminal {
		u.live = newLive(u.err)
	}
	closeLog, err := u.openLog(p)
	if err != nil {
		return err
	}
	defer closeLog()
	u.in, err = initiator.New(initiator.Config{Plan: p, StateDir: u.stateDir, Only: only, Logger: u.log})
	if err != nil {
		return usage(err)
	}
	ctx, again, stop := heed(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	defer u.heedHangup()()
	return u.live.during(func() error { return u.attend(ctx, again) })
}

// attend runs the initiator and shows it until it has ended.
func (u *upper) attend(ctx context.Context, again <-chan syscall.Signal) error {
	ran := make(chan error, 1)
	go func() { ran <- u.in.Run(ctx) }()
	select {
	case <-u.in.Listening():
	case err := <-ran:
		return err
	}
	over, end := context.WithCancel(context.Background())
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		u.show(over, ctx)
	}()
	err := u.ended(ctx, again, ran)
	end()
	<-shown
	if err == nil {
		u.say("ended")
	}
	return err
}

// impatience is how often a stop says what it waits for.
const impatience = time.Second

// ended waits for the end, and says on the way what it waits for.
func (u *upper) ended(ctx context.Context, again <-chan syscall.Signal, ran <-chan error) error {
	var killed error
	var said string
	done := ctx.Done()
	tick := time.NewTicker(impatience)
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
			u.live.settle()
			u.say("%s", u.farewell(ctx))
		case <-tick.C:
			if waits := u.waitsFor(); ctx.Err() != nil && waits != said {
				said = waits
				u.say("waits for %s", waits)
			}
		case s := <-again:
			if killed == nil {
				u.say("kills what is left (second %s)", interrupted{s}.name())
				killed = interrupted{s}
				u.in.Kill()
			}
		}
	}
}

// farewell says how long a stop may take, and how to cut it short.
func (u *upper) farewell(ctx context.Context) string {
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
	var sig interrupted
	if !errors.As(context.Cause(ctx), &sig) || alive == 0 {
		return "stopping"
	}
	how := "a second signal kills at once"
	if sig.signal == syscall.SIGINT {
		how = "Ctrl-C again kills at once"
	}
	return fmt.Sprintf("stopping %s, at most %s; %s", plural(alive, "worker"), took(longest), how)
}

// waitsFor names the workers that are not yet stopped, and what holds them up.
func (u *upper) waitsFor() string {
	var left []string
	for _, w := range u.in.Workers() {
		if w.PID != 0 || w.State == supervise.Stopping {
			left = append(left, fmt.Sprintf("%s %s (%s)", w.Name, short(w.GUID), w.Reason))
		}
	}
	return list(left)
}

// say tells a person what happens: a line on the terminal, or in the log.
func (u *upper) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if u.live != nil {
		u.live.line(text)
		return
	}
	u.log.Info(text)
}

// heedHangup: the terminal that goes away takes the initiator with it; without
// one, the signal will mean reload, and must not end anything until then.
func (u *upper) heedHangup() (stop func()) {
	if u.live != nil {
		return func() {}
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range c {
			u.log.Warn("SIGHUP: reload is not supported by this version, nothing has changed; stop and start it to read the INI again")
		}
	}()
	return func() {
		signal.Stop(c)
		close(c)
		<-done
	}
}

// show tells of every change of a worker, until over.
func (u *upper) show(over, running context.Context) {
	since := uint64(0)
	for first := true; ; first = false {
		past, more := u.in.Events(since)
		for _, t := range past {
			since = t.Seq
			u.tellOf(t)
		}
		if (first || len(past) > 0) && running.Err() == nil {
			u.live.update(u.in.Workers(), u.wanted, u.greet)
		}
		select {
		case <-more:
		case <-over.Done():
			return
		}
	}
}

func (u *upper) tellOf(t supervise.Transition) {
	if u.format.json {
		_ = u.out.json(t) // the error stays with the screen
	}
	u.live.tellOf(t)
}

// wanted says whether workers of a definition start by themselves.
func (u *upper) wanted(name string) bool {
	s, ok := u.in.Plan().Spec(name)
	return ok && s.Autostart
}

// greet says that all is done that can be: where the API is, and how to stop.
func (u *upper) greet(lost int) {
	up := "all workers are ready"
	if lost > 0 {
		up = plural(lost, "worker") + " could not be started, the others go on"
	}
	u.live.line(up + "; Ctrl-C stops them")
	u.live.line(u.link())
}

// link opens the API in a browser. The token stands behind the #, which no
// browser sends anywhere. It is shown on a terminal only.
func (u *upper) link() string {
	token, err := os.ReadFile(filepath.Join(u.in.StateDir(), "token"))
	if err != nil {
		return u.in.URL()
	}
	return u.in.URL() + "/#token=" + strings.TrimSpace(string(token))
}

// openLog makes the logger: the file of the plan, else stderr. On a terminal
// it says only what the lines about workers do not.
func (u *upper) openLog(p *plan.Plan) (closeLog func(), err error) {
	o := &hclog.LoggerOptions{Name: "initiator", Level: hclog.LevelFromString(p.Settings.LogLevel), Output: u.err}
	if u.level != "" {
		if o.Level = hclog.LevelFromString(u.level); o.Level == hclog.NoLevel {
			return nil, usage(fmt.Errorf("--loglevel %s: there is trace, debug, info, warn and error", u.level))
		}
	}
	closeLog = func() {}
	switch {
	case p.Settings.LogFile != "":
		f, err := os.OpenFile(p.Settings.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the logfile: %w", err)
		}
		o.Output, closeLog = f, func() { _ = f.Close() }
	case u.live != nil:
		o.Output = io.Writer(u.live)
		if u.level == "" {
			o.Level = max(o.Level, hclog.Warn)
			o.Exclude = aboutWorkers
		}
	}
	u.log = hclog.New(o)
	return closeLog, nil
}
