package upgrade

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Inheritance is what the next program gets of this process.
type Inheritance struct {
	Lock         *os.File   // of the state directory; a copy is passed on
	Listeners    []*os.File // copies of the API's listening sockets; Prepare owns them
	OwnsSocket   bool       // the unix socket among the listeners is the initiator's own
	KeeperSocket string     // where the keeper waits
}

// NextProgram is the program that is about to replace this one. It holds open
// what it passes on; Close closes that when the upgrade is given up.
type NextProgram struct {
	state ExecState
	path  string
	files []*os.File
}

// Prepare collects what the program at path gets. Current is the state with which
// this program was started; nil = by no upgrade.
func Prepare(path string, current *ExecState, in Inheritance) (*NextProgram, error) {
	n := &NextProgram{path: path, state: ExecState{
		PID: os.Getpid(), Generation: current.GenerationNumber() + 1, KeeperSocket: in.KeeperSocket, OwnsSocket: in.OwnsSocket,
	}}
	for _, f := range in.Listeners {
		n.files = append(n.files, f)
		n.state.Listeners = append(n.state.Listeners, int(f.Fd()))
	}
	lock, err := unix.FcntlInt(in.Lock.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		n.Close()
		return nil, err
	}
	n.state.Lock = lock
	n.files = append(n.files, os.NewFile(uintptr(lock), "lock"))
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		n.Close()
		return nil, err
	}
	n.files = append(n.files, own)
	n.state.PreviousProgram = int(own.Fd())
	return n, nil
}

// Close gives the upgrade up.
func (n *NextProgram) Close() {
	for _, f := range n.files {
		_ = f.Close()
	}
}

// Exec makes this process the next program. When that is not possible, this
// program starts anew in its place. Exec returns only when both fail.
func (n *NextProgram) Exec() error {
	withoutFallback := n.state.startFallback() // the upgrade is done without it too
	err := errors.Join(n.state.execProgram(n.path), withoutFallback)
	again := n.state
	again.PreviousProgram, again.Failure = 0, err.Error()
	again.Generation--
	return errors.Join(err, again.execProgram(fmt.Sprintf("/proc/self/fd/%d", n.state.PreviousProgram)))
}
