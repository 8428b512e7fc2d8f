package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Interrupted is the cause of a context that a signal has ended.
type Interrupted struct{ Signal syscall.Signal }

func (i Interrupted) Error() string { return "interrupted by " + i.SignalName() }

// SignalName returns the name of the signal, such as "SIGINT".
func (i Interrupted) SignalName() string { return unix.SignalName(i.Signal) }

// EndFollow returns the end of a verb that follows events or output. A signal
// is the normal way to end it, and prints nothing.
func EndFollow(follow bool, err error) error {
	var by Interrupted
	if follow && errors.As(err, &by) {
		return ExitWith(ExitSignalBase + int(by.Signal))
	}
	return err
}

// CatchBrokenPipes makes a write to a closed pipe an error. Otherwise SIGPIPE
// would end the process at once, and leave what it has started to its keeper. A
// handled signal, other than an ignored one, is not inherited by workers.
func CatchBrokenPipes() (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// SignalCatcher ends a context with the first signal that counts, and passes each
// later signal on. Its methods may be called by any goroutine.
type SignalCatcher struct {
	mu    sync.Mutex
	count signalCount
	end   func(cause error) (first bool)
	later chan syscall.Signal
}

// NewSignalCatcher returns a catcher and its context.
func NewSignalCatcher(parent context.Context) (context.Context, *SignalCatcher) {
	ctx, cancel := context.WithCancelCause(parent)
	return ctx, &SignalCatcher{later: make(chan syscall.Signal, 4), end: func(cause error) bool {
		first := ctx.Err() == nil
		cancel(cause)
		return first
	}}
}

// Deliver handles a signal. It reports whether the signal counts.
func (c *SignalCatcher) Deliver(s syscall.Signal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.count.countSignal(s, time.Now()) {
		return false
	}
	if !c.end(Interrupted{s}) {
		select {
		case c.later <- s:
		default: // the receiver has four unread signals
		}
	}
	return true
}

// Later returns the channel with every signal after the first.
func (c *SignalCatcher) Later() <-chan syscall.Signal { return c.later }

// HandleSignals calls handle with each of the signals, in one goroutine. A HUP
// that was ignored when the program started, as under nohup, stays ignored. stop
// restores the default handling and waits until handle has returned.
func HandleSignals(handle func(syscall.Signal), signals ...os.Signal) (stop func()) {
	if signal.Ignored(syscall.SIGHUP) {
		signals = slices.DeleteFunc(slices.Clone(signals), func(s os.Signal) bool { return s == syscall.SIGHUP })
	}
	in, done := make(chan os.Signal, 4), make(chan struct{})
	if len(signals) > 0 { // without signals, Notify means all
		signal.Notify(in, signals...)
	}
	go func() {
		defer close(done)
		for s := range in {
			handle(s.(syscall.Signal))
		}
	}()
	return func() {
		signal.Stop(in)
		close(in)
		<-done
	}
}

// CatchSignals returns a context that the first of the signals ends, and a
// channel with every later signal. stop restores the default handling.
func CatchSignals(parent context.Context, signals ...os.Signal) (ctx context.Context, again <-chan syscall.Signal, stop func()) {
	ctx, c := NewSignalCatcher(parent)
	restore := HandleSignals(func(s syscall.Signal) { c.Deliver(s) }, signals...)
	return ctx, c.Later(), func() {
		restore()
		c.end(nil)
	}
}

// EndingSignals are the signals that end a verb.
var EndingSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
