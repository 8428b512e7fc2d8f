package jobs

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"initiator/worker"
)

const (
	// termGrace is how long a process may take to end after SIGTERM. It is
	// less than the initiator's grace for a cancelled task (10 s), after which
	// the initiator ends the whole worker.
	termGrace = 5 * time.Second
	// pipeGrace is how long output is read after the process has ended, when a
	// descendant of the process holds the pipe open.
	pipeGrace = time.Second
	// groupGrace is how long a group that was killed may need to end. A process
	// that no process waits for stays in its group.
	groupGrace = time.Second
)

// newCommand prepares a process in a process group of its own, so that signals
// reach the process and all its descendants in the group. The environment of
// the process describes the task.
func newCommand(ctx context.Context, argv []string, stderr *stderrTail) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = taskEnvironment(ctx, os.Environ())
	cmd.Stderr = stderr
	cmd.WaitDelay = pipeGrace
	return cmd
}

// taskEnvironment adds the task of ctx to an environment. It removes
// INITIATOR_FDS, because the process does not get the worker's descriptors.
func taskEnvironment(ctx context.Context, base []string) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(e string) bool { return strings.HasPrefix(e, "INITIATOR_FDS=") })
	task, ok := worker.TaskFromContext(ctx)
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

// signalGroup signals the process group of a process. The kernel does not
// reuse the number of a group that has a member, so the signal reaches no
// other process.
func signalGroup(p *os.Process, sig syscall.Signal) {
	_ = syscall.Kill(-p.Pid, sig) // fails only when no process of the group is left
}

// killGroup kills what is left of a process group after its first process, and
// waits until no process of the group runs, for at most groupGrace: the kernel
// ends a process some time after KILL was sent.
func killGroup(p *os.Process) {
	signalGroup(p, syscall.SIGKILL)
	limit := time.Now().Add(groupGrace)
	for pause := time.Millisecond; syscall.Kill(-p.Pid, 0) == nil && time.Now().Before(limit); pause *= 2 {
		<-time.After(pause)
	}
}

// endGroup ends a process group with SIGTERM, and with SIGKILL after
// termGrace. ended is closed when the process has ended.
func endGroup(p *os.Process, ended <-chan struct{}) {
	signalGroup(p, syscall.SIGTERM)
	signalGroup(p, syscall.SIGCONT) // a stopped process does not act on SIGTERM
	timer := time.NewTimer(termGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		signalGroup(p, syscall.SIGKILL)
		<-ended
	}
}
