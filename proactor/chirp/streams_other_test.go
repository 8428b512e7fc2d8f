//go:build !unix

package chirp

import (
	"net"
	"testing"
)

// socketpair is a connection where a worker inherits none.
func socketpair(t testing.TB) (a, b net.Conn) { return tcp(t) }
