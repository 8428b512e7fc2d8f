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

// parentVariable tells the child whose child it is.
const parentVariable = "INITIATOR_UNDER_INIT"

// Child is the one process that is started.
type Child struct {
	// Path is its program; Argv and Env are its own.
	Path string
	Argv []string
	Env  []string
	// Passed is how many descriptors from 3 on it is given as they are.
	Passed int
}

// ParentPID is the process that runs Run above this one; 0 = there is none.
func ParentPID() int {
	if pid := os.Getppid(); os.Getenv(parentVariable) == strconv.Itoa(pid) {
		return pid
	}
	return 0
}

// Run starts the child, passes on signals and waits for it, and for every
// orphan that comes here meanwhile. It returns the child's exit code, 128+n
// when signal n has ended it. The error says that it could not be started.
//
// It is for a process that does nothing else: it waits for all children there
// are. What is left when it returns is the kernel's to end where this is
// process 1, and is left alone where it is not.
func Run(c Child) (code int, err error) {
	// A child is told of the death of the thread that has made it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Before the child is there: none of its signals is lost.
	deaths, others := make(chan os.Signal, 1), make(chan os.Signal, 64)
	signal.Notify(deaths, syscall.SIGCHLD) // one that waits stands for all
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
			_ = syscall.Kill(pid, s.(syscall.Signal)) // it was not waited for, so the pid is its own
		case <-deaths:
			if status, ended := reapChildren(pid); ended {
				return exitCode(status), nil
			}
		}
	}
}

func (c Child) startProcess() (pid int, err error) {
	if err := adoptOrphans(); err != nil {
		return 0, fmt.Errorf("start as process 1: take in orphans: %w", err)
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
	// It is waited for by its number, together with strangers.
	_ = process.Release()
	return pid, nil
}

// ownsTerminal says whether a terminal sends its signals to this process. They
// are then to go to the child alone: with a Ctrl-C from the terminal and one
// from us it would believe that it was asked twice.
func ownsTerminal() bool {
	group, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// reapChildren waits for all that have ended, and says how the child did if it is
// among them.
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

func exitCode(s unix.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}
