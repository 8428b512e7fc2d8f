package main

import (
	"net"
	"os"
	"runtime"

	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/pid1"
	"initiator/internal/systemd"
)

const surroundingsLong = `As process 1 of a container, up waits for orphaned processes and passes signals on.
With --main the end of one worker stops all others, and up ends with the exit code
of that worker: 128+n when signal n ended it. Unless its section says otherwise, the
worker is not restarted after a clean exit, and is given up after 10 deaths within 10
minutes.

Under systemd (Type=notify), up sends READY when every worker that starts
automatically is ready, was given up, or has died three times in a row. It feeds
the watchdog, and serves the API on sockets that systemd has opened.`

// upEnvironment is the environment of an `up`: a container, whose process 1 it
// is, or a service manager.
type upEnvironment struct {
	asInit     bool   // --init
	mainWorker string // --main
	service    *serviceNotifier
	passed     []net.Listener // sockets that the service manager has opened for the API
}

// addFlags adds the flags to a verb.
func (s *upEnvironment) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.asInit, "init", false, "wait for orphaned processes, as process 1 always does")
	f.StringVar(&s.mainWorker, "main", "", "end with the exit code of worker `NAME` when it ends for good")
}

// runBelowPID1 calls do. In process 1 it starts another process of this
// program, and passes signals and the exit code on.
func (s *upEnvironment) runBelowPID1(do func() error) error {
	if os.Getpid() != 1 && !s.asInit || pid1.ParentPID() != 0 {
		return do()
	}
	passed, err := systemd.CountPassed(os.LookupEnv, os.Getpid())
	if err != nil {
		return cli.UsageFault(err)
	}
	path, err := os.Executable()
	if runtime.GOOS == "linux" { // where the file may have been replaced
		path, err = "/proc/self/exe", nil
	}
	if err != nil {
		return err
	}
	code, err := pid1.Run(pid1.Child{Path: path, Argv: os.Args, Env: os.Environ(), Passed: passed})
	if err != nil {
		return err
	}
	return cli.ExitWith(code)
}
