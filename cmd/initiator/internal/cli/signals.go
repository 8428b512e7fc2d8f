package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

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

// CatchSignals returns a context that the first of the signals ends, and a
// channel with every later signal. stop restores the default handling.
func CatchSignals(parent context.Context, signals ...os.Signal) (ctx context.Context, again <-chan syscall.Signal, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	in, out := make(chan os.Signal, 4), make(chan syscall.Signal, 4)
	signal.Notify(in, signals...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range in {
			if ctx.Err() == nil {
				cancel(Interrupted{s.(syscall.Signal)})
				continue
			}
			select {
			case out <- s.(syscall.Signal):
			default: // the receiver has four unread signals
			}
		}
	}()
	return ctx, out, func() {
		signal.Stop(in)
		close(in)
		<-done
		cancel(nil)
	}
}

// EndingSignals are the signals that end a verb.
var EndingSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
