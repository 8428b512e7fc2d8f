package keeper

import (
	"encoding/json"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// catchSignals makes SIGCHLD send to deaths, and catches the other signals
// without effect. They are caught and not ignored, because workers would
// inherit the ignoring. The runtime talks to a thread of its own about each
// signal, which takes longer than everything else at the start. So it is done
// in a goroutine, and caught is closed when it is done.
func catchSignals() (deaths chan os.Signal, caught chan struct{}) {
	deaths, caught = make(chan os.Signal, 1), make(chan struct{})
	go func() {
		defer close(caught)
		signal.Notify(deaths, syscall.SIGCHLD)
		signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
			syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP)
	}()
	return deaths, caught
}

// watchSIGCHLD makes SIGCHLD wake the loop.
func (l *loop) watchSIGCHLD(deaths chan os.Signal) error {
	read, write, err := newPipe()
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(write, true); err != nil {
		return err
	}
	go func() { // ends with the process
		for range deaths {
			_, _ = unix.Write(write, []byte{0}) // full = the loop will wake anyway
		}
	}()
	return l.watchFD(read, sigchldPipe(read))
}

// sigchldPipe is the reading end of the pipe that is written to on SIGCHLD.
type sigchldPipe int

func (w sigchldPipe) handleReady(l *loop) {
	var buf [64]byte
	_, _ = unix.Read(int(w), buf[:])
	l.reapPending = true
}

// warmUpJSON makes package json analyse the types of the messages before the
// first order needs them.
func warmUpJSON() {
	_, _ = encodeFrame(Event{})
	_ = json.Unmarshal([]byte(`{"Spawn":{"Stdout":{}}}`), new(message))
}
