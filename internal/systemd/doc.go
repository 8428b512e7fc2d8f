// Package systemd speaks for this process to systemd, or to whoever else has
// started it in systemd's way (podman, a test): what sd_notify(3),
// sd_watchdog_enabled(3) and sd_listen_fds(3) describe, and nothing more. It
// decides nothing.
//
//	notify.go     what the process says: READY=1, STATUS=…, WATCHDOG=1
//	watchdog.go   how often it has to say that it lives
//	listen.go     sockets that were opened for it
//	clock_*.go    the time of RELOADING=1
//
// The environment is read and left as it is: a program that replaces itself by
// exec goes on saying what it said. It must not reach children: the keeper and
// the workers are given none of it.
package systemd
