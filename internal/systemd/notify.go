package systemd

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Notifier says things to the service manager. The nil Notifier says them to
// nobody. Any goroutine may use it at any time.
type Notifier struct{ addr *net.UnixAddr }

// NewNotifier returns the one that the environment names; nil when it names
// none. lookup is os.LookupEnv.
func NewNotifier(lookup func(string) (string, bool)) (*Notifier, error) {
	path, _ := lookup("NOTIFY_SOCKET")
	switch {
	case path == "":
		return nil, nil
	case path[0] != '/' && path[0] != '@':
		return nil, fmt.Errorf("NOTIFY_SOCKET=%s: neither an absolute path nor an abstract name (@…)", path)
	}
	return &Notifier{&net.UnixAddr{Name: path, Net: "unixgram"}}, nil // net reads @ as sd_notify does
}

// sendTimeout bounds the wait for a manager that does not read.
const sendTimeout = 2 * time.Second

// Send says all assignments (STATUS=…) in one message. Each message has a
// socket of its own, as in sd_notify: the manager may have been replaced
// since the last one.
func (n *Notifier) Send(assignments ...string) error {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, n.addr)
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer func() { _ = conn.Close() }() // what was written has arrived, or its error counts
	if err := conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(strings.Join(assignments, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// The assignments without a value of their own.
const (
	Ready    = "READY=1"    // the start, or the reload, is over
	Stopping = "STOPPING=1" // the end has begun
	Alive    = "WATCHDOG=1" // the process is not stuck
)

// StatusText is what `systemctl status` shows of the process. It has one line.
func StatusText(text string) string {
	return "STATUS=" + strings.Join(strings.Fields(text), " ")
}

// ExtendTimeout asks for d more, from now on, before a start, a reload or a stop
// counts as timed out.
func ExtendTimeout(d time.Duration) string {
	return "EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(d.Microseconds(), 10)
}

// ReloadBegins says that a reload begins now; Ready says that it is over. By the
// time in it the manager tells this reload from one that it has not asked for
// yet.
func ReloadBegins() string {
	return "RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonicTime().Microseconds(), 10)
}
