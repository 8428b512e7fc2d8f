package keeper

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() { acts["confined"] = actConfined }

// forbidUnshare forbids unshare to this process and its children, as most
// containers do.
func forbidUnshare() error {
	const allow, refuse = 0x7fff0000, 0x00050000 | uint32(unix.EPERM)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_UNSHARE},
		{Code: unix.BPF_RET | unix.BPF_K, K: refuse},
		{Code: unix.BPF_RET | unix.BPF_K, K: allow},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// For all threads of the process at once.
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// actConfined starts workers where the fork thread cannot have a descriptor
// table or umask of its own.
func actConfined([]string) {
	if err := forbidUnshare(); err != nil {
		printLine("confine: " + err.Error())
		return
	}
	printLine(fmt.Sprint("unshare: ", unix.Unshare(unix.CLONE_FS)))
	k, err := Launch(Options{})
	if err != nil {
		printLine(err.Error())
		return
	}
	// Each worker has its own umask.
	for i, umask := range []int{0o077, -1, 0o007} {
		s := orderCommand(fmt.Sprint("w", i), "/bin/sh", "-c", "umask; ls /proc/self/fd | wc -l")
		s.Umask, s.RedirectStderr = umask, true
		_ = k.WatchOutput(s.GUID, true)
		_ = k.Spawn(s)
		for e := range k.Events() {
			for _, line := range e.Lines {
				printLine(fmt.Sprint(e.GUID, " ", strings.TrimSpace(line)))
			}
			if e.Kind == KindExited || e.Kind == KindSpawnFailed {
				break
			}
		}
	}
	printLine(fmt.Sprint("closed ", k.Close()))
}

// TestWithoutUnshare: where the fork thread cannot have a descriptor table and
// a umask of its own, everything works as elsewhere, only slower.
func TestWithoutUnshare(t *testing.T) {
	old := syscall.Umask(0o022)
	defer syscall.Umask(old)
	cmd := actCommand("confined")
	cmd.Stdout, cmd.Stderr = nil, os.Stderr
	out, err := cmd.Output()
	if text := string(out); strings.HasPrefix(text, "confine: ") {
		t.Skipf("NOT RUN: this process may not confine itself: %s", text)
	}
	// 0, 1, 2 and the directory that ls itself reads.
	const want = "unshare: operation not permitted\nw0 0077\nw0 4\nw1 0022\nw1 4\nw2 0007\nw2 4\nclosed <nil>\n"
	if string(out) != want || err != nil {
		t.Errorf("it said %q, %v; want %q", out, err, want)
	}
}
