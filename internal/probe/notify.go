package probe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"initiator/internal/lifecycle"
)

// NotifySocket is the NOTIFY_SOCKET of one incarnation, in systemd's protocol
// (sd_notify(3)). Each incarnation has its own, so that no process can speak for
// another worker: the socket's directory is private, and its name is in no other
// worker's environment.
type NotifySocket struct {
	conn *net.UnixConn
	dir  string
	path string
}

// NotifyOwner says which incarnation a NotifySocket belongs to.
type NotifyOwner struct {
	GUID        string
	Incarnation int
	// OtherUser: the worker runs as another user, who can then enter the
	// socket's directory, but not list it. Its name cannot be guessed.
	OtherUser bool
}

// OpenNotifySocket creates the socket in a new directory below os.TempDir. A
// goroutine reads it until Close and reports each message.
func OpenNotifySocket(owner NotifyOwner, report func(lifecycle.Event)) (*NotifySocket, error) {
	dir, err := os.MkdirTemp("", "initiator-")
	if err != nil {
		return nil, fmt.Errorf("create notify socket: %w", err)
	}
	return listenNotify(dir, owner, report)
}

// ReopenNotifySocket creates the socket again in the directory that the process
// knows, after the initiator that had created it has ended.
func ReopenNotifySocket(dir string, owner NotifyOwner, report func(lifecycle.Event)) (*NotifySocket, error) {
	if err := os.Remove(filepath.Join(dir, "notify")); err != nil {
		return nil, fmt.Errorf("create notify socket again: %w", err)
	}
	return listenNotify(dir, owner, report)
}

func listenNotify(dir string, owner NotifyOwner, report func(lifecycle.Event)) (*NotifySocket, error) {
	n := &NotifySocket{dir: dir, path: filepath.Join(dir, "notify")}
	var err error
	n.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.path, Net: "unixgram"})
	if err == nil && owner.OtherUser {
		err = errors.Join(os.Chmod(dir, 0o711), os.Chmod(n.path, 0o666))
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("create notify socket: %w", err)
	}
	go n.readMessages(owner, report)
	return n, nil
}

// Dir returns the socket's directory, for ReopenNotifySocket.
func (n *NotifySocket) Dir() string { return n.dir }

// Env returns the environment variables that tell a worker of the socket. A
// positive watchdog asks it to send WATCHDOG=1 at least that often.
func (n *NotifySocket) Env(watchdog time.Duration) []string {
	env := []string{"NOTIFY_SOCKET=" + n.path}
	if watchdog > 0 {
		env = append(env, "WATCHDOG_USEC="+strconv.FormatInt(watchdog.Microseconds(), 10))
	}
	return env
}

// Close ends the reading goroutine and removes the socket.
func (n *NotifySocket) Close() {
	n.Detach()
	_ = os.RemoveAll(n.dir)
}

// Detach ends the reading goroutine and leaves the directory to the next
// initiator, which reopens the socket there.
func (n *NotifySocket) Detach() {
	if n.conn != nil {
		_ = n.conn.Close()
	}
}

// readMessages returns when the socket is closed.
func (n *NotifySocket) readMessages(owner NotifyOwner, report func(lifecycle.Event)) {
	buf := make([]byte, 4096)
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			return
		}
		for _, e := range parseNotify(string(buf[:size])) {
			e.GUID, e.Incarnation = owner.GUID, owner.Incarnation
			report(e)
		}
	}
}

// parseNotify parses one datagram: lines of NAME=value. Unknown names are for
// other service managers and are ignored.
func parseNotify(datagram string) (events []lifecycle.Event) {
	for line := range strings.Lines(datagram) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch {
		case name == "READY" && value == "1":
			events = append(events, lifecycle.Event{Kind: lifecycle.ReadinessProven, Reason: "READY=1"})
		case name == "WATCHDOG" && value == "1":
			events = append(events, lifecycle.Event{Kind: lifecycle.WatchdogBeat})
		case name == "STOPPING" && value == "1":
			events = append(events, lifecycle.Event{Kind: lifecycle.StopAnnounced})
		case name == "STATUS":
			events = append(events, lifecycle.Event{Kind: lifecycle.StatusReported, Reason: strings.ToValidUTF8(value, "�")})
		case name == "EXTEND_TIMEOUT_USEC":
			if usec, err := strconv.ParseInt(value, 10, 64); err == nil && usec > 0 && usec < int64(24*time.Hour/time.Microsecond) {
				events = append(events, lifecycle.Event{Kind: lifecycle.StartExtended, Extension: time.Duration(usec) * time.Microsecond})
			}
		}
	}
	return events
}
