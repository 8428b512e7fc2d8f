package connbudget

import (
	"errors"
	"net"
	"syscall"
)

// Listener returns a listener that closes a connection of the table when the
// process has no descriptor for the next one, and then accepts that one. A
// server does not wait for it, and the listener does not end.
func (t *Table) Listener(l net.Listener) net.Listener { return &sparingListener{l, t} }

type sparingListener struct {
	net.Listener
	table *Table
}

// Accept implements net.Listener.
func (l *sparingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if isOutOfDescriptors(err) && l.table.closeSpare() {
		return l.Listener.Accept()
	}
	return c, err
}

// isOutOfDescriptors reports whether the process, or the machine, has no
// descriptor left.
func isOutOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
