// Package systemd talks to the service manager that has started this process:
// systemd, or another program that follows sd_notify(3), sd_watchdog_enabled(3)
// and sd_listen_fds(3), such as podman. It decides nothing.
//
// The package reads the environment and leaves it unchanged: a program that
// replaces itself by exec keeps notifying. The variables must not reach children:
// the keeper and the workers get none of them.
package systemd

// The files:
//
//	notify.go     messages to the manager: READY=1, STATUS=…, WATCHDOG=1
//	watchdog.go   how often the manager expects WATCHDOG=1
//	listen.go     sockets that the manager has opened
//	clock_*.go    the time in RELOADING=1
