package initiator

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A program that replaces us may crash before it can recall us: then nobody is
// left in this process who could. So a guard stands beside it, a child that is
// this program once more and does nothing but wait. It is dismissed when the
// next program has come up. When that ends before, the guard goes on in its
// place, from what it was left as well: the lock, the listeners, and a keeper
// that waits. Only the process is another then, which who has started this one
// (systemd, a shell) may take for its end.

// post puts a guard beside whoever comes next.
func (s *succession) post() error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("post a guard: %w", err)
	}
	defer unix.Close(pipe[0])
	g := *s
	files := []uintptr{0, 1, 2}
	hand := func(fd int) int {
		files = append(files, uintptr(fd))
		return len(files) - 1
	}
	g.Lock, g.Listeners = hand(s.Lock), nil
	for _, fd := range s.Listeners {
		g.Listeners = append(g.Listeners, hand(fd))
	}
	g.Wait, g.Old, g.PID = hand(pipe[0]), 0, 0
	g.Generation--
	text, err := json.Marshal(g)
	if err == nil {
		s.Guard, err = syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
			Env: append(os.Environ(), successionVariable+"="+string(text)), Files: files,
		})
	}
	if err != nil {
		unix.Close(pipe[1])
		return fmt.Errorf("post a guard: %w", err)
	}
	s.Dismiss = pipe[1]
	return nil
}

// dismiss ends the guard; it returns when it is gone.
func (s *succession) dismiss() {
	if s == nil || s.Dismiss <= 2 {
		return
	}
	_, _ = unix.Write(s.Dismiss, []byte{1}) // one that is gone needs no word
	unix.Close(s.Dismiss)
	s.Dismiss = 0
	for {
		if _, err := unix.Wait4(s.Guard, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// init makes a guard of the process that was started as one. It returns when
// the guard has to go on as what it was a guard of.
func init() {
	if os.Getenv(successionVariable) == "" {
		return
	}
	s := handed()
	if s == nil || s.Wait <= 2 {
		return
	}
	if !s.stand(time.Now().Add(stayTime)) {
		syscall.Exit(0) // nothing is left to be flushed
	}
	unix.Close(s.Wait)
	s.Wait = 0
	s.Failed = "it ended before it had come up"
}

// stand waits, and reports whether somebody is needed: the other has ended, and
// a keeper waits.
func (s *succession) stand(until time.Time) bool {
	for {
		left := time.Until(until)
		if left <= 0 {
			return false // nothing is held any more
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.Wait), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) || err == nil && n == 0 {
			continue
		}
		var word [1]byte
		if n, err := unix.Read(s.Wait, word[:]); n != 0 || err != nil {
			return false // dismissed
		}
		_, err = os.Lstat(s.Keeper)
		return err == nil
	}
}
