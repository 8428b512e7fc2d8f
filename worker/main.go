package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/gctuner"
	"initiator/internal/handlercontext"
	"initiator/internal/loopback"
	"initiator/internal/stdinsettings"
	"initiator/internal/webhook"

	"github.com/hashicorp/go-hclog"
)

// The exit codes of [Main]. After a second signal the exit code is 128 plus
// the signal's number.
const (
	// ExitOK: the worker has drained and has reported every result.
	ExitOK = 0
	// ExitError: the worker could not go on.
	ExitError = 1
	// ExitUsage: the arguments, the environment or the INI on stdin are
	// invalid.
	ExitUsage = 2
	// ExitPortTaken: another process has the port. The number is EADDRINUSE of
	// Linux.
	ExitPortTaken = 98
)

// Main is the whole main function of a worker. It serves the handlers until
// DELETE /shutdown, SIGTERM or SIGINT asks it to end. Then it accepts no more
// tasks, tells the running handlers ([Stopping]), ends their contexts after a
// while ([ErrStopping]), reports how the tasks ended, and exits with 0. It exits
// with 1 when tasks still run after Options.StopTimeout. A second signal ends
// the process at once. Under load Main makes garbage collection less frequent
// ([gctuner.Start]). It does not return.
func Main(handlers ...Handler) { Options{Handlers: handlers}.Main() }

// Main is [Main] with hooks and other options. Args, Stdin and Logger default
// to those of the process.
func (o Options) Main() {
	gctuner.Start()
	launched := os.Getenv("INITIATOR_GUID") != ""
	setDefault(&o.Args, o.Args == nil, os.Args[1:])
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	if o.Logger == nil {
		o.Logger = hclog.New(&hclog.LoggerOptions{Name: "worker", Output: os.Stderr, JSONFormat: launched})
	}
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		o.Logger.Info("draining; a second signal ends the worker at once", "signal", (<-signals).String())
		cancel()
		again := (<-signals).(syscall.Signal)
		o.Logger.Warn("ending at once", "signal", again.String())
		os.Exit(128 + int(again))
	}()
	o.onStart = func(g startConfig) {
		stdinsettings.Store(g.setting)
		if g.keep {
			surviveBrokenPipe()
		}
	}
	err := Run(ctx, o)
	if err != nil {
		o.Logger.Error("the worker ends", "error", err)
	}
	os.Exit(ExitCode(err))
}

// ExitCode returns the exit code for an error of [Run].
func ExitCode(err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case errors.Is(err, syscall.EADDRINUSE):
		return ExitPortTaken
	}
	return ExitError
}

// UsageError says that a worker was started with invalid settings.
type UsageError struct{ Err error }

// Error returns the message of Err.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UsageError) Unwrap() error { return e.Err }

// Run runs a worker like Main, but handles no signal and does not exit. When
// ctx is done, or a request asks the worker to end, it drains and returns nil.
// The error is a *[UsageError], or says why the port could not be served or
// which tasks still ran after Options.StopTimeout. The handlers of such tasks go
// on after Run has returned, and what they return is dropped.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	table, err := newMethodTable(o.Handlers, o.Middleware...)
	if err != nil {
		return &UsageError{err}
	}
	g, err := readStartConfig(ctx, o)
	if ctx.Err() != nil {
		return nil // the caller ended ctx before the worker had started
	}
	if err != nil {
		return &UsageError{fmt.Errorf("start the worker: %w", err)}
	}
	if o.onStart != nil {
		o.onStart(g)
	}
	in := readPassedFDs(o.Getenv("INITIATOR_FDS"))
	passed, streamErr := in.openStream()
	l, err := openListener(g, in)
	if err != nil {
		return err
	}
	s, end := newServer(g, o, table)
	defer end(errDrained)
	if streamErr != nil {
		s.log.Warn("no stream: tasks come by webhook", "error", streamErr)
	}
	s.passedStream = passed
	if o.passedStream != nil {
		s.passedStream = o.passedStream
	}
	return s.serveUntilDrained(ctx, l)
}

func newServer(g startConfig, o Options, table methodTable) (*server, context.CancelCauseFunc) {
	log := o.Logger.With("guid", g.guid, "incarnation", g.incarnation)
	base := context.WithValue(context.Background(), settingsKey{}, g.setting)
	base = context.WithValue(base, handlercontext.Key{}, handlercontext.Handler{Setting: g.setting})
	base, end := context.WithCancelCause(base)
	s := &server{
		startConfig: g, options: o, log: log, methods: table,
		executor:    newExecutor(table, g.slots, o.Hooks, log),
		bodies:      bytebudget.NewTable(bounds.PeerBodies),
		reports:     webhook.NewHTTPClient(g.slots),
		baseContext: base, endBase: end,
		sessionOpened: make(chan struct{}),
	}
	return s, func(cause error) {
		end(cause)
		s.executor.startDrain()
	}
}

// serveUntilDrained serves until the worker has to end, and then drains. Its
// goroutine owns all other goroutines of the worker.
func (s *server) serveUntilDrained(ctx context.Context, l net.Listener) error {
	ctx, s.drain = context.WithCancel(ctx)
	defer s.drain()
	s.reportContext, s.onLoopback = ctx, loopback.IsListener(l)
	web := newHTTPServer(s, s.options)
	budget := s.attachConnBudget(web)
	if s.options.Listening != nil {
		s.options.Listening(l.Addr())
	}
	if s.insecure {
		s.log.Warn("insecure = true: other machines can read tokens and data", "address", l.Addr().String())
	}
	s.log.Info("listening", "address", l.Addr().String(), "methods", s.methods.names, "slots", s.slots)
	if s.passedStream != nil {
		s.streams.Go(func() { s.servePassedStream(s.passedStream) })
	}
	chirpListener, err := s.openChirpListener()
	if err != nil {
		_ = l.Close() // no answer was written yet
		return err
	}
	defer chirpListener.closeListener()
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(budget.Listener(l)) }()
	select {
	case <-ctx.Done():
	case err := <-failed:
		s.closeServer(web)
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	s.draining.Store(true)
	err = s.drainTasks()
	s.closeServer(web)
	<-failed //nolint:errcheck // http.ErrServerClosed, as asked
	if err == nil {
		s.log.Info("drained")
	}
	return err
}

// closeServer ends the session and the HTTP server, and waits for their
// goroutines.
func (s *server) closeServer(web *http.Server) {
	s.sessionMu.Lock()
	if sess := s.current.Load(); sess != nil {
		s.closeSession(sess, errDrained)
	}
	s.sessionMu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), s.stopTimes.closeGrace())
	defer cancel()
	if web.Shutdown(ctx) != nil {
		_ = web.Close()
	}
	s.heartbeats.Wait()
	s.streams.Wait()
	s.reports.CloseIdleConnections()
}
