//go:build !linux

package keeper

import "golang.org/x/sys/unix"

// poller waits for many descriptors with poll(2).
type poller struct {
	fds         []unix.PollFd
	handleReady []int
}

func newPoller() (*poller, error) { return &poller{}, nil }

func pollEvents(write bool) int16 {
	if write {
		return unix.POLLIN | unix.POLLOUT
	}
	return unix.POLLIN
}

// addFD waits for fd to be readable, and with write also for writable.
func (p *poller) addFD(fd int, write bool) error {
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: pollEvents(write)})
	return nil
}

func (p *poller) changeFD(fd int, write bool) {
	for i := range p.fds {
		if p.fds[i].Fd == int32(fd) {
			p.fds[i].Events = pollEvents(write)
		}
	}
}

func (p *poller) removeFD(fd int) {
	for i := range p.fds {
		if p.fds[i].Fd == int32(fd) {
			p.fds = append(p.fds[:i], p.fds[i+1:]...)
			return
		}
	}
}

// waitReady sleeps for at most so many milliseconds (-1 = without limit) and
// returns the descriptors that are ready. The slice is valid until the next
// call.
func (p *poller) waitReady(milliseconds int) []int {
	p.handleReady = p.handleReady[:0]
	if _, err := unix.Poll(p.fds, milliseconds); err != nil {
		return nil // EINTR: the loop calls again
	}
	for _, f := range p.fds {
		if f.Revents != 0 {
			p.handleReady = append(p.handleReady, int(f.Fd))
		}
	}
	return p.handleReady
}

// descriptor returns -1: poll(2) needs no descriptor of its own.
func (p *poller) descriptor() int { return -1 }
