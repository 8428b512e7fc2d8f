package main

import (
	"os"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/pid1"
	"initiator/internal/systemd"
)

// readServiceManager learns what a service manager has told us, or process 1 above us in our
// place.
func (u *upRun) readServiceManager() (err error) {
	us := os.Getpid()
	if parent := pid1.ParentPID(); parent != 0 {
		us = parent
	}
	if u.passed, err = systemd.PassedListeners(os.LookupEnv, us); err != nil {
		return cli.UsageFault(err)
	}
	// They are taken. A program that replaces this one is left them in another
	// way, and would look for them where they are no more.
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	if u.service, err = newServiceNotifier(os.LookupEnv, us, u.log); err != nil {
		return cli.UsageFault(err)
	}
	if u.service != nil {
		u.service.wanted = u.startsItself
	}
	return nil
}
