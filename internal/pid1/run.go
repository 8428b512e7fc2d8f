package pid1

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// parentVariable holds the pid of the process that runs Run, in the environment
// of the child.
const parentVariable = "INITIATOR_UNDER_INIT"

// Child describes the process to start.
type Child struct {
	// Path is the program; Argv and Env are its arguments and environment.
	Path string
	Argv []string
	Env  []string
	// Passed is the number of descriptors, from 3 on, that the child inherits.
	Passed int
}

// ParentPID returns the pid of the parent process when the parent runs Run; 0
// when it does not.
func ParentPID() int {
	if pid := os.Getppid(); os.Getenv(parentVariable) == strconv.Itoa(pid) {
		return pid
	}
	return 0
}

// Run starts the child, forwards signals to it, and waits for it and for every
// orphan that this process adopts meanwhile. It returns the exit code of the
// child: 128+n when signal n ended it. The error says that the child could not
// be started.
//
// The calling process must do nothing else, because Run waits for every child
// of the process. When Run returns, the kernel ends the remaining processes
// where this is process 1; elsewhere they keep running.
func Run(c Child) (code int, err error) {
	// The parent-death signal of the child follows the thread that forked it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Signals that arrive before the child has started are not lost.
	deaths, others := make(chan os.Signal, 1), make(chan os.Signal, 64)
	signal.Notify(deaths, syscall.SIGCHLD) // one pending signal stands for all
	signal.Notify(others, forwardedSignals()...)
	defer signal.Stop(deaths)
	defer signal.Stop(others)
	pid, err := c.startProcess()
	if err != nil {
		return 0, err
	}
	for {
		select {
		case s := <-others:
			_ = syscall.Kill(pid, s.(syscall.Signal)) // not reaped yet, so the pid is still that of the child
		case <-deaths:
			if status, ended := reapChildren(pid); ended {
				return exitCode(status), nil
			}
		}
	}
}

// startProcess starts the child and returns its pid.
func (c Child) startProcess() (pid int, err error) {
	if err := adoptOrphans(); err != nil {
		return 0, fmt.Errorf("start as process 1: adopt orphans: %w", err)
	}
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	for i := range c.Passed {
		files = append(files, os.NewFile(uintptr(3+i), "passed"))
	}
	process, err := os.StartProcess(c.Path, c.Argv, &os.ProcAttr{
		Env:   append(append([]string(nil), c.Env...), parentVariable+"="+strconv.Itoa(os.Getpid())),
		Files: files, Sys: childAttributes(ownsTerminal()),
	})
	if err != nil {
		return 0, fmt.Errorf("start %s below process 1: %w", c.Argv[0], err)
	}
	pid = process.Pid
	// reapChildren waits for the pid, together with the orphans.
	_ = process.Release()
	return pid, nil
}

// ownsTerminal reports whether this process is in the foreground of a terminal.
// The child then gets the terminal: it would count a Ctrl-C from the terminal
// and the same signal from this process as two.
func ownsTerminal() bool {
	group, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// reapChildren waits for all processes that have ended. It reports the status
// of the child when the child is among them.
func reapChildren(child int) (status unix.WaitStatus, ended bool) {
	for {
		var s unix.WaitStatus
		pid, err := unix.Wait4(-1, &s, unix.WNOHANG, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || pid <= 0:
			return status, ended
		case pid == child:
			status, ended = s, true
		}
	}
}

// exitCode returns the exit code of a shell for a status.
func exitCode(s unix.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}
