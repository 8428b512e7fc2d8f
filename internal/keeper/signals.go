package keeper

import (
	"encoding/json"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// catchSignals makes deaths tell of SIGCHLD, and the other signals do nothing.
// They are caught and not ignored, because workers would inherit being
// ignored. The runtime talks with a thread of its own about each of them,
// which takes longer than all else at the start: so it is done beside that,
// and caught is closed when it is.
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
			_, _ = unix.Write(write, []byte{0}) // full = a wake-up is on its way
		}
	}()
	return l.watchFD(read, sigchldPipe(read))
}

// sigchldPipe is the reading end of the pipe that SIGCHLD writes to.
type sigchldPipe int

func (w sigchldPipe) handleReady(l *loop) {
	var buf [64]byte
	_, _ = unix.Read(int(w), buf[:])
	l.reapPending = true
}

// warmUpJSON makes package json look at the types of the messages before the
// first order waits for it.
func warmUpJSON() {
	_, _ = encodeFrame(Event{})
	_ = json.Unmarshal([]byte(`{"Spawn":{"Stdout":{}}}`), new(message))
}
