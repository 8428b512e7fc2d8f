package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A next program that crashes cannot revert the upgrade itself. Therefore the
// old program starts a fallback process before it is replaced: a child with the
// same executable, which only waits. The next program releases it once it has
// come up. When the next program ends before that, the fallback process goes on
// in its place with the same lock, listeners and waiting keeper. It has another
// pid, which the parent of the initiator (systemd, a shell) may take for the end
// of the service.

// startFallback starts the fallback process of the next program.
func (s *ExecState) startFallback() error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("start the fallback process: %w", err)
	}
	defer unix.Close(pipe[0])
	fallback := *s
	files := []uintptr{0, 1, 2}
	pass := func(fd int) int {
		files = append(files, uintptr(fd))
		return len(files) - 1
	}
	fallback.Lock, fallback.Listeners = pass(s.Lock), nil
	for _, fd := range s.Listeners {
		fallback.Listeners = append(fallback.Listeners, pass(fd))
	}
	fallback.FallbackWait, fallback.PreviousProgram, fallback.PID = pass(pipe[0]), 0, 0
	fallback.Generation--
	text, err := json.Marshal(fallback)
	if err == nil {
		s.FallbackPID, err = syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
			Env: append(os.Environ(), stateVariable+"="+string(text)), Files: files,
		})
	}
	if err != nil {
		unix.Close(pipe[1])
		return fmt.Errorf("start the fallback process: %w", err)
	}
	s.FallbackRelease = pipe[1]
	return nil
}

// releaseFallback ends the fallback process, and returns when it has ended.
func (s *ExecState) releaseFallback() {
	if s == nil || s.FallbackRelease <= 2 {
		return
	}
	_, _ = unix.Write(s.FallbackRelease, []byte{1}) // fails when the process has ended already
	unix.Close(s.FallbackRelease)
	s.FallbackRelease = 0
	for {
		if _, err := unix.Wait4(s.FallbackPID, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// init makes a process that was started as a fallback wait. It returns when the
// process has to go on in the place of the program that it stands by for.
func init() {
	if os.Getenv(stateVariable) == "" {
		return
	}
	s := LoadExecState()
	if s == nil || s.FallbackWait <= 2 {
		return
	}
	if !s.waitAsFallback(time.Now().Add(QuiesceTime)) {
		syscall.Exit(0) // nothing is left to be flushed
	}
	unix.Close(s.FallbackWait)
	s.FallbackWait = 0
	s.Failure = "it ended before it had come up"
}

// waitAsFallback reports whether this process has to go on: the next program has
// ended without a release, and the keeper still waits.
func (s *ExecState) waitAsFallback(deadline time.Time) bool {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false // the keeper has ended the workers by now
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.FallbackWait), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) || err == nil && n == 0 {
			continue
		}
		var word [1]byte
		if n, err := unix.Read(s.FallbackWait, word[:]); n != 0 || err != nil {
			return false // released
		}
		_, err = os.Lstat(s.KeeperSocket)
		return err == nil
	}
}
