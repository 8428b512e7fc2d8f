package keeper

import "golang.org/x/sys/unix"

// poller waits for many descriptors with epoll, level-triggered.
type poller struct {
	fd     int
	events [128]unix.EpollEvent
	ready  []int
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &poller{fd: fd}, err
}

func interest(write bool) uint32 {
	if write {
		return unix.EPOLLIN | unix.EPOLLOUT
	}
	return unix.EPOLLIN
}

// add waits for fd to be readable, and with write also for writable.
func (p *poller) add(fd int, write bool) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: interest(write), Fd: int32(fd)})
}

func (p *poller) change(fd int, write bool) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: interest(write), Fd: int32(fd)})
}

func (p *poller) remove(fd int) { _ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil) }

// wait sleeps for at most so many milliseconds (-1 = for ever) and returns
// what is ready, which is valid until the next call.
func (p *poller) wait(milliseconds int) []int {
	n, err := unix.EpollWait(p.fd, p.events[:], milliseconds)
	p.ready = p.ready[:0]
	if err != nil {
		return nil // EINTR: the loop comes again
	}
	for _, e := range p.events[:n] {
		p.ready = append(p.ready, int(e.Fd))
	}
	return p.ready
}
