package main

import (
	"os"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/pid1"
	"initiator/internal/systemd"
)

// readServiceManager reads what the service manager has passed to this process,
// or to process 1 above it.
func (u *upRun) readServiceManager() (err error) {
	us := os.Getpid()
	if parent := pid1.ParentPID(); parent != 0 {
		us = parent
	}
	if u.passed, err = systemd.PassedListeners(os.LookupEnv, us); err != nil {
		return cli.UsageFault(err)
	}
	// The sockets are taken over. A program that replaces this one by an upgrade
	// gets them in another way, and must not look for them again.
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	if u.service, err = newServiceNotifier(os.LookupEnv, us, u.log); err != nil {
		return cli.UsageFault(err)
	}
	if u.service != nil {
		u.service.startsItself = u.startsItself
	}
	return nil
}
