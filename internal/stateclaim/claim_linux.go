package stateclaim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// backlog is how many connections wait for the initiator.
const backlog = 128

// claimName returns the name of the socket for a state directory. Containers that
// share a network have the same path for different directories, so the name depends
// on the mounts of the process too.
func claimName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if strings.HasPrefix(filepath.Base(dir), "uid-") { // a private directory in dir, which vanishes with dir
		dir = filepath.Dir(dir)
	}
	parent := filepath.Dir(dir)
	if real, err := filepath.EvalSymlinks(parent); err == nil {
		parent = real
	}
	mounts, _ := os.Readlink("/proc/thread-self/ns/mnt") // without /proc the path alone has to do
	sum := sha256.Sum256([]byte(mounts + "\x00" + filepath.Join(parent, filepath.Base(dir))))
	return "@initiator-" + hex.EncodeToString(sum[:16])
}

func takeClaim(dir string) (*Claim, int) {
	name := claimName(dir)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0
	}
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: name})
	if err == nil {
		return &Claim{os.NewFile(uintptr(fd), name)}, 0
	}
	unix.Close(fd)
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, findHolder(name)
	}
	return nil, 0
}

// findHolder returns the process id of the initiator that listens at name. It is 0
// for this process, which listens while it becomes another program, for a process
// of another user, and for a process that has ended.
func findHolder(name string) int {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", name)
	if err != nil {
		return 0
	}
	defer func() { _ = c.Close() }()
	p := peerOf(c)
	if !isTrusted(p, os.Geteuid()) || p.pid <= 0 || p.pid == os.Getpid() || errors.Is(unix.Kill(p.pid, 0), unix.ESRCH) {
		return 0
	}
	return p.pid
}

// listen makes a bound socket a listener with a copy of the descriptor.
func listen(socket *os.File) (net.Listener, error) {
	if err := unix.Listen(int(socket.Fd()), backlog); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	return net.FileListener(socket)
}

func dialClaim(ctx context.Context, dir string) net.Conn {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", claimName(dir))
	if err != nil {
		return nil
	}
	users := []int{os.Geteuid()}
	if info, err := os.Stat(filepath.Dir(dir)); err == nil && os.Geteuid() == 0 {
		users = append(users, int(info.Sys().(*syscall.Stat_t).Uid))
	}
	if !isTrusted(peerOf(c), users...) {
		_ = c.Close() // nothing was written to it
		return nil
	}
	return c
}

// peerOf asks the kernel for the process that connected, or that listened.
func peerOf(c net.Conn) (p peer) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return peer{}
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return peer{}
	}
	_ = raw.Control(func(fd uintptr) { // p stays unknown when it fails
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			p = peer{int(cred.Pid), int(cred.Uid), true}
		}
	})
	return p
}
