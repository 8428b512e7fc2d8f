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

func (i Interrupted) SignalName() string { return unix.SignalName(i.Signal) }

// EndFollow is the end of a verb that goes on for as long as somebody looks: a
// signal is how one stops looking, and needs no words.
func EndFollow(follow bool, err error) error {
	var by Interrupted
	if follow && errors.As(err, &by) {
		return ExitWith(ExitSignalBase + int(by.Signal))
	}
	return err
}

// CatchBrokenPipes makes a write to a closed pipe an error. Without it the process
// would die on the spot, and leave what it had started to its keeper. Handling
// the signal, and not ignoring it, keeps workers from inheriting the change.
func CatchBrokenPipes() (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// CatchSignals returns a context that the first of the signals ends, and a channel
// that has every later one. stop gives the signals back.
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
			default: // nobody is quicker than four
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
