package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// interrupted is the cause of a context that a signal has ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return "interrupted by " + i.name() }

func (i interrupted) name() string { return unix.SignalName(i.signal) }

// followed is the end of a verb that goes on for as long as somebody looks: a
// signal is how one stops looking, and needs no words.
func followed(follow bool, err error) error {
	var by interrupted
	if follow && errors.As(err, &by) {
		return silent(exitSignal + int(by.signal))
	}
	return err
}

// heedPipes makes a write to a closed pipe an error. Without it the process
// would die on the spot, and leave what it had started to its keeper. Handling
// the signal, and not ignoring it, keeps workers from inheriting the change.
func heedPipes() (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// heed returns a context that the first of the signals ends, and a channel
// that has every later one. stop gives the signals back.
func heed(parent context.Context, signals ...os.Signal) (ctx context.Context, again <-chan syscall.Signal, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	in, out := make(chan os.Signal, 4), make(chan syscall.Signal, 4)
	signal.Notify(in, signals...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range in {
			if ctx.Err() == nil {
				cancel(interrupted{s.(syscall.Signal)})
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

// ending are the signals that end a verb.
var ending = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
