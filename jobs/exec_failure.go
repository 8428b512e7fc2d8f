package jobs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"initiator/worker"
)

// tempFail is EX_TEMPFAIL of sysexits.h: "try again later".
const tempFail = 75

// startFailure returns the failure of a task whose process could not be
// started. The task is retried when the reason may pass, such as a lack of
// memory.
func startFailure(err error) error {
	retry := false
	for _, passing := range []syscall.Errno{syscall.ETXTBSY, syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE} {
		retry = retry || errors.Is(err, passing)
	}
	return worker.TaskFail{Data: map[string]any{"message": err.Error()}, Retry: retry}
}

// exitFailure returns the failure of a task whose process ended with an error.
// A process that a signal killed has crashed: its task is tried again, like the
// task of a lost worker. After an exit code the task is tried again if retry
// allows it.
func exitFailure(state *os.ProcessState, stderr string, retry retryCodes) worker.TaskFail {
	data := map[string]any{"stderr": stderr}
	status, _ := state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		name := unix.SignalName(status.Signal())
		data["message"], data["signal"] = "killed by "+name, strings.TrimPrefix(name, "SIG")
		return worker.TaskFail{Data: data, Retry: true}
	}
	code := state.ExitCode()
	data["message"], data["code"] = fmt.Sprintf("exit code %d", code), code
	killer, reported := reportedSignal(code)
	if reported {
		name := unix.SignalName(killer)
		data["message"], data["signal"] = fmt.Sprintf("exit code %d: a shell reports that %s killed its program", code, name), strings.TrimPrefix(name, "SIG")
	}
	return worker.TaskFail{Data: data, Retry: reported || retry.allowsRetry(code)}
}

// shellSignalBase is what a shell adds to the number of the signal that killed
// its last program.
const shellSignalBase = 128

// reportedSignal returns the signal that a shell reports with an exit code. It
// knows the signals of crashes and of programs that are ended from outside;
// other codes above 128 are left to the programs (git ends with 129 after wrong
// usage).
func reportedSignal(code int) (syscall.Signal, bool) {
	killer := syscall.Signal(code - shellSignalBase)
	return killer, slices.Contains([]syscall.Signal{
		syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS,
		syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGKILL, syscall.SIGTERM,
	}, killer)
}
