package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"initiator/worker"
)

const (
	// termGrace is how long a process may take to end after SIGTERM. It is
	// less than what the initiator grants a cancelled task (10 s), after which
	// it would end the whole worker.
	termGrace = 5 * time.Second
	// pipeGrace is how long output is read after the process has ended, where
	// something that it has left behind holds the pipe open.
	pipeGrace = time.Second
	// tempFail is EX_TEMPFAIL of sysexits.h: "try again later".
	tempFail = 75
)

// newCommand prepares a process in a group of its own, so that it and all that it
// starts can be signalled together. What the task is, is in its environment.
func newCommand(ctx context.Context, argv []string, stderr *stderrTail) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = taskEnvironment(ctx, os.Environ())
	cmd.Stderr = stderr
	cmd.WaitDelay = pipeGrace
	return cmd
}

// taskEnvironment adds the task of ctx, and takes away what was for the worker
// alone: the process has none of those descriptors.
func taskEnvironment(ctx context.Context, base []string) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(e string) bool { return strings.HasPrefix(e, "INITIATOR_FDS=") })
	task, ok := worker.TaskOf(ctx)
	if !ok {
		return env
	}
	env = append(env, "INITIATOR_TASK="+task.ID, "INITIATOR_ATTEMPT="+strconv.Itoa(task.Attempt))
	if !task.Deadline.IsZero() {
		env = append(env, "INITIATOR_DEADLINE="+task.Deadline.UTC().Format(time.RFC3339Nano))
	}
	if task.Traceparent != "" {
		env = append(env, "TRACEPARENT="+task.Traceparent)
	}
	return env
}

// signalGroup signals a process and what it has started. The number of a group
// is not given away while it has a member, so nobody else can be hit.
func signalGroup(p *os.Process, sig syscall.Signal) {
	_ = syscall.Kill(-p.Pid, sig) // an error only when all of it is gone
}

// endGroup ends a process politely, then not; ended is closed when it has.
func endGroup(p *os.Process, ended <-chan struct{}) {
	signalGroup(p, syscall.SIGTERM)
	signalGroup(p, syscall.SIGCONT) // a stopped process never dies of TERM
	timer := time.NewTimer(termGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		signalGroup(p, syscall.SIGKILL)
		<-ended
	}
}

// startFailure says why there is no process. Want of something that comes back
// is worth another attempt.
func startFailure(err error) error {
	retry := false
	for _, passing := range []syscall.Errno{syscall.ETXTBSY, syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE} {
		retry = retry || errors.Is(err, passing)
	}
	return worker.TaskFail{Data: map[string]any{"message": err.Error()}, Retry: retry}
}

// exitFailure is the result of a process that has ended badly. One that was killed
// has not said that the task is wrong: like the task of a lost worker it may be
// tried again, as may one that says so with EX_TEMPFAIL.
func exitFailure(state *os.ProcessState, stderr string) worker.TaskFail {
	data := map[string]any{"stderr": stderr}
	status, _ := state.Sys().(syscall.WaitStatus)
	retry := false
	if status.Signaled() {
		name := unix.SignalName(status.Signal())
		data["message"], data["signal"], retry = "killed by "+name, strings.TrimPrefix(name, "SIG"), true
	} else {
		code := state.ExitCode()
		data["message"], data["code"], retry = fmt.Sprintf("exit code %d", code), code, code == tempFail
	}
	return worker.TaskFail{Data: data, Retry: retry}
}
