package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Some settings can only be made by the new process itself, between the fork and
// the program: LISTEN_PID, by which a program recognizes the socket of systemd's
// protocol (sd_listen_fds(3)), is its own process id; no_new_privs is a setting of
// the process; and a limit must be set before the user changes, because another
// user's process is out of reach of a root without special capabilities, as in a
// container. So the new process first executes this executable again, as the
// launcher. The launcher makes the settings and executes the program: the process
// stays the same.

// launcherName is argv[0] of the launcher; the init function of this file looks
// for it.
const launcherName = "initiator-launcher"

// launchFD is the descriptor at which the launcher reports what could not be set, and
// the error of exec. The exec of the program closes the descriptor.
const launchFD = 5

// launchTimeout bounds the wait for the launcher, which takes milliseconds, and on a
// machine under load seconds. A launcher that takes longer counts as the running
// program: an error of its exec is then an exit with code 127.
const launchTimeout = 20 * time.Second

func init() {
	if len(os.Args) > 3 && os.Args[0] == launcherName && isPipe(launchFD) {
		// The runtime runs init functions on the main thread. An exec on another
		// thread would lose Pdeathsig, the priority and no_new_privs.
		syscall.Exit(execProgram(os.Args[1], os.Args[2], os.Args[3:]))
	}
}

func isPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// needsLauncher reports whether the process of an order starts as the launcher.
func needsLauncher(s *SpawnOrder) bool {
	return s.ListenFDs || s.NoNewPrivs || hasLimits(s) && (s.SetUser || limitsNeedLauncher)
}

// hasLimits reports whether the order has a limit that fork and exec cannot set.
func hasLimits(s *SpawnOrder) bool { return len(s.rlimits()) > 0 || s.Nice != 0 }

// execProgram turns this process into the program. It returns, with the exit code,
// only when that fails.
func execProgram(settings, path string, argv []string) int {
	unix.CloseOnExec(launchFD)
	var s launchSettings
	if json.Unmarshal([]byte(settings), &s) != nil {
		return launchReport{}.fail("read the settings", syscall.EINVAL)
	}
	report := launchReport{Unset: s.applyLimits()}
	if err := s.becomeUser(); err != nil {
		return report.fail("change the user", err)
	}
	if s.Parent != 0 && !dieWithParent(s.Parent) {
		return launchFailed
	}
	env := os.Environ()
	if s.ListenFDs {
		env = append(env, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	}
	report.send()
	return report.fail("", retryBusy(func() error { return syscall.Exec(path, argv, env) }))
}

// retryBusy repeats a start while the program is open for writing: it was written
// a moment ago, and may still be open in a child that another process has just
// forked.
func retryBusy(start func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := start()
		if !errors.Is(err, syscall.ETXTBSY) || pause > 16*time.Millisecond {
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
	// report is the end of a pipe at which the report of the launcher
	// arrives; -1 = the program is executed without the launcher.
	report int
}

// newExecution returns the execution of an order. done is called after the fork.
func newExecution(path string, s *SpawnOrder, files []uintptr) (e execution, done func(), err error) {
	if !needsLauncher(s) {
		return execution{path, s.Argv, addFDsVariable(s, files), files, -1}, func() {}, nil
	}
	self, err := executablePath()
	if err != nil {
		return e, nil, err
	}
	settings, err := json.Marshal(newLaunchSettings(s))
	if err != nil {
		return e, nil, err
	}
	read, write, err := newPipe()
	if err != nil {
		return e, nil, err
	}
	e = execution{path: self, argv: append([]string{launcherName, string(settings), path}, s.Argv...), report: read}
	e.env = addFDsVariable(s, files)
	if s.ListenFDs {
		e.env = append(s.Env[:len(s.Env):len(s.Env)], "LISTEN_FDS=1")
	}
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
	return fmt.Errorf("the initiator's own program must run first, to prepare the process: %w", explainSpawnError(err, self))
}

// awaitExec waits until the launcher in process pid has executed the program. It
// returns the settings that are not in force, and the error of the launcher.
func (e *execution) awaitExec(pid int) (unset []error, err error) {
	if e.report < 0 {
		return nil, nil
	}
	defer unix.Close(e.report)
	report := readReport(e.report)
	for _, u := range report.Unset {
		unset = append(unset, u)
	}
	if report.Errno == 0 {
		return unset, nil
	}
	_, _ = unix.Wait4(pid, nil, 0, nil) // it has ended, and the loop does not know it
	if report.Step != "" {
		return unset, fmt.Errorf("%s: %w", report.Step, syscall.Errno(report.Errno))
	}
	return unset, syscall.Errno(report.Errno)
}
