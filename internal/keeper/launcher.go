package keeper

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A program that gets its socket by systemd's protocol (sd_listen_fds(3)) ignores
// the socket unless LISTEN_PID is its own process id, which is not known before
// the fork. So the new process first executes this executable again, as the
// launcher. The launcher sets the variable and executes the program: the process
// stays the same.

// launcherName is argv[0] of the launcher; the init function of this file looks
// for it.
const launcherName = "initiator-launcher"

// launchFD is the descriptor at which the launcher reports the error of exec. The
// exec of the program closes the descriptor.
const launchFD = 5

// launchTimeout bounds the wait for the launcher, which takes milliseconds, and on a
// machine under load seconds. A launcher that takes longer counts as the running
// program: an error of its exec is then an exit with code 127.
const launchTimeout = 20 * time.Second

func init() {
	if len(os.Args) > 2 && os.Args[0] == launcherName && isPipe(launchFD) {
		// The runtime runs init functions on the main thread. An exec on another
		// thread would lose Pdeathsig.
		syscall.Exit(execProgram(os.Args[1], os.Args[2:]))
	}
}

func isPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// execProgram turns this process into the program. It returns, with the exit code,
// only when that fails.
func execProgram(path string, argv []string) int {
	unix.CloseOnExec(launchFD)
	env := append(os.Environ(), "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	err := retryBusy(func() error { return syscall.Exec(path, argv, env) })
	errno, _ := err.(syscall.Errno)
	_, _ = unix.Write(launchFD, []byte{byte(errno)}) // the keeper waits for it, or has ended
	return 127
}

// retryBusy repeats a start while the program is open for writing: it was written
// a moment ago, and may still be open in a child that another process has just
// forked.
func retryBusy(start func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := start()
		if err != syscall.ETXTBSY || pause > 16*time.Millisecond {
			return err
		}
		time.Sleep(pause)
	}
}

// execution is what the fork thread executes in the new process.
type execution struct {
	path  string
	argv  []string
	env   []string
	files []uintptr
	// report is the end of a pipe at which the error of the launcher's exec
	// arrives; -1 = the program is executed without the launcher.
	report int
}

// newExecution returns the execution of an order. done is called after the fork.
func newExecution(path string, s *SpawnOrder, files []uintptr) (e execution, done func(), err error) {
	if !s.ListenFDs {
		return execution{path, s.Argv, addFDsVariable(s, files), files, -1}, func() {}, nil
	}
	self, err := executablePath()
	if err != nil {
		return e, nil, err
	}
	read, write, err := newPipe()
	if err != nil {
		return e, nil, err
	}
	e = execution{path: self, argv: append([]string{launcherName, path}, s.Argv...), report: read}
	e.env = append(s.Env[:len(s.Env):len(s.Env)], "LISTEN_FDS=1")
	e.files = append(files[:len(files):len(files)], uintptr(write)) // as launchFD
	return e, func() { unix.Close(write) }, nil
}

// explainFailure explains that the process could not be started.
func (e *execution) explainFailure(err error) error {
	if e.report < 0 {
		return explainSpawnError(err, e.path)
	}
	unix.Close(e.report)
	self, _ := os.Executable()
	return fmt.Errorf("the initiator's own program must run first, to set LISTEN_PID: %w", explainSpawnError(err, self))
}

// awaitExec waits until the launcher in process pid has executed the program, and
// returns the error of that.
func (e *execution) awaitExec(pid int) error {
	if e.report < 0 {
		return nil
	}
	defer unix.Close(e.report)
	poll := []unix.PollFd{{Fd: int32(e.report), Events: unix.POLLIN}}
	for deadline := time.Now().Add(launchTimeout); ; {
		_, err := unix.Poll(poll, int(max(0, time.Until(deadline)).Milliseconds()))
		if err != unix.EINTR {
			break
		}
	}
	var errno [1]byte
	if n, _ := unix.Read(e.report, errno[:]); n != 1 {
		return nil
	}
	_, _ = unix.Wait4(pid, nil, 0, nil) // it has ended, and the loop does not know it
	return syscall.Errno(errno[0])
}
