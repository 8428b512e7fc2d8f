package testdisk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// StalledWrite holds one thread of another process inside its write to a file, as a
// disk does that hangs. It needs neither root nor a file system of its own, and
// differs from a disk in that a kill of the process ends the thread at once.
type StalledWrite struct {
	// Begun is closed when the thread is in the write.
	Begun   <-chan struct{}
	release chan struct{}
	once    sync.Once
	ended   chan struct{}
}

// StallWrite makes the next write to path wait until Release is called. Exactly one
// thread of process pid must have path open in a descriptor table of its own, as a
// writer of logs of the keeper has. The cleanup of t calls Release.
func StallWrite(t testing.TB, pid int, path string) *StalledWrite {
	t.Helper()
	tid, fd, err := findThread(pid, path)
	if err != nil {
		t.Fatal(err)
	}
	seized, begun := make(chan error, 1), make(chan struct{})
	s := &StalledWrite{Begun: begun, release: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		runtime.LockOSThread() // only the thread that traces may call ptrace
		defer runtime.UnlockOSThread()
		err := seizeThread(tid)
		seized <- err
		if err == nil && awaitWrite(tid, fd) == nil {
			close(begun)
			<-s.release
			_ = ptrace(unix.PTRACE_DETACH, tid, 0, 0) // the thread may have been killed
		}
	}()
	if err := <-seized; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Release)
	return s
}

// Release lets the write go on. When the write has not begun, Release does nothing
// to the thread: the tracing ends with the process.
func (s *StalledWrite) Release() {
	s.once.Do(func() { close(s.release) })
	select {
	case <-s.Begun:
		<-s.ended
	default:
	}
}

// findThread returns the thread of a process that alone has a file open, and its
// descriptor.
func findThread(pid int, path string) (tid, fd int, err error) {
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/fd/*", pid))
	if err != nil {
		return 0, 0, err
	}
	found := 0
	for _, link := range links {
		if to, _ := os.Readlink(link); to != path {
			continue
		}
		found++
		fd, _ = strconv.Atoi(filepath.Base(link))
		tid, _ = strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(link))))
	}
	if found != 1 {
		return 0, 0, fmt.Errorf("%d descriptors of threads of process %d lead to %s, want 1", found, pid, path)
	}
	return tid, fd, nil
}

// seizeThread begins to trace a thread, and stops it.
func seizeThread(tid int) error {
	if err := ptrace(unix.PTRACE_SEIZE, tid, 0, unix.PTRACE_O_TRACESYSGOOD); err != nil {
		return fmt.Errorf("trace thread %d: %w", tid, err)
	}
	return ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
}

// systemCall is struct ptrace_syscall_info for the entry of a call.
type systemCall struct {
	Op        uint8
	_         [3]uint8
	Arch      uint32
	IP, SP    uint64
	Number    uint64
	Arguments [6]uint64
}

// awaitWrite lets a traced thread run up to its next write to fd.
func awaitWrite(tid, fd int) error {
	for {
		var status unix.WaitStatus
		if _, err := unix.Wait4(tid, &status, unix.WALL, nil); err != nil {
			if err == unix.EINTR {
				continue
			}
			return err
		}
		pass := 0
		switch {
		case !status.Stopped():
			return errors.New("the thread has ended")
		case status.StopSignal() == unix.SIGTRAP|0x80:
			var call systemCall
			if err := ptrace(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(call), uintptr(unsafe.Pointer(&call))); err != nil {
				return err
			}
			if call.Op == unix.PTRACE_SYSCALL_INFO_ENTRY && call.Number == unix.SYS_WRITE && call.Arguments[0] == uint64(fd) {
				return nil
			}
		case int(status)>>16 == 0: // a signal for the thread, and no event of ptrace
			pass = int(status.StopSignal())
		}
		if err := ptrace(unix.PTRACE_SYSCALL, tid, 0, uintptr(pass)); err != nil {
			return err
		}
	}
}

func ptrace(request, tid int, address, data uintptr) error {
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(tid), address, data, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
