package systemd

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Notifier sends messages to the service manager. A nil Notifier sends nothing.
// Any goroutine may use it.
type Notifier struct{ addr *net.UnixAddr }

// NewNotifier returns the Notifier for the socket that the environment names;
// nil when it names none. lookup is os.LookupEnv.
func NewNotifier(lookup func(string) (string, bool)) (*Notifier, error) {
	path, _ := lookup("NOTIFY_SOCKET")
	switch {
	case path == "":
		return nil, nil
	case path[0] != '/' && path[0] != '@':
		return nil, fmt.Errorf("NOTIFY_SOCKET=%s: not an absolute path and not an abstract name (@…)", path)
	}
	return &Notifier{&net.UnixAddr{Name: path, Net: "unixgram"}}, nil // net reads @ as sd_notify does
}

// sendTimeout limits the wait for a manager that does not read.
const sendTimeout = 2 * time.Second

// Send sends all assignments (STATUS=…) in one message. Each message has a
// socket of its own, as in sd_notify: the manager may have been replaced since
// the last message.
func (n *Notifier) Send(assignments ...string) error {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, n.addr)
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer func() { _ = conn.Close() }() // a write has succeeded, or its error is returned
	if err := conn.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(strings.Join(assignments, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// These assignments are complete messages.
const (
	Ready    = "READY=1"    // the start, or the reload, has ended
	Stopping = "STOPPING=1" // the stop has begun
	Alive    = "WATCHDOG=1" // the process is working
)

// StatusText returns the assignment of the status that `systemctl status`
// shows. The text becomes one line.
func StatusText(text string) string {
	return "STATUS=" + strings.Join(strings.Fields(text), " ")
}

// ExtendTimeout returns a request for more time: the manager waits for d, from
// now on, before a start, a reload or a stop times out.
func ExtendTimeout(d time.Duration) string {
	return "EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(d.Microseconds(), 10)
}

// ReloadBegins says that a reload begins now; Ready ends it. The time in it
// tells the manager whether this reload answers its request.
func ReloadBegins() string {
	return "RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonicTime().Microseconds(), 10)
}
