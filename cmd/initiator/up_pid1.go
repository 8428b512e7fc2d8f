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

const surroundingsLong = `As process 1 of a container it waits for orphans and passes on signals. With
--main the end of one worker is the end of all, and its exit code ours: 128+n
when signal n has ended it.

Under systemd (Type=notify) it says READY when every worker that starts by
itself is ready, was given up, or has died three times before it was. It feeds
the watchdog as long as it is not stuck, and serves the API on sockets that
systemd has opened.`

// upEnvironment are what an `up` finds itself in: a container whose first
// process it is, or a service manager.
type upEnvironment struct {
	asInit     bool   // --init
	mainWorker string // --main
	service    *serviceNotifier
	passed     []net.Listener // sockets that were opened for the API
}

func (s *upEnvironment) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.asInit, "init", false, "wait for orphans, as process 1 does in any case")
	f.StringVar(&s.mainWorker, "main", "", "end when worker `NAME` ends for good, with its exit code")
}

// runBelowPID1 does do, and where this is process 1 has another process do it, which
// is then an ordinary one.
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
