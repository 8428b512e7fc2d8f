package keeper

import "golang.org/x/sys/unix"

// poller waits for many descriptors with epoll, level-triggered.
type poller struct {
	fd          int
	events      [128]unix.EpollEvent
	handleReady []int
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &poller{fd: fd}, err
}

// descriptor returns the descriptor of the epoll instance.
func (p *poller) descriptor() int { return p.fd }

func pollEvents(write bool) uint32 {
	if write {
		return unix.EPOLLIN | unix.EPOLLOUT
	}
	return unix.EPOLLIN
}

// addFD waits for fd to be readable, and with write also for writable.
func (p *poller) addFD(fd int, write bool) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: pollEvents(write), Fd: int32(fd)})
}

func (p *poller) changeFD(fd int, write bool) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: pollEvents(write), Fd: int32(fd)})
}

func (p *poller) removeFD(fd int) { _ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil) }

// waitReady sleeps for at most so many milliseconds (-1 = without limit) and
// returns the descriptors that are ready. The slice is valid until the next
// call.
func (p *poller) waitReady(milliseconds int) []int {
	n, err := unix.EpollWait(p.fd, p.events[:], milliseconds)
	p.handleReady = p.handleReady[:0]
	if err != nil {
		return nil // EINTR: the loop calls again
	}
	for _, e := range p.events[:n] {
		p.handleReady = append(p.handleReady, int(e.Fd))
	}
	return p.handleReady
}
