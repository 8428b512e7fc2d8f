package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"initiator/internal/lifecycle"
)

// NotifySocket is the NOTIFY_SOCKET of one incarnation, in systemd's protocol
// (sd_notify(3)). Every user can send to the socket, because a worker may give
// up root by itself. Where the kernel names the sender, a message counts only
// when the sender is a process of the incarnation.
type NotifySocket struct {
	owner  NotifyOwner
	report func(lifecycle.Event)
	conn   *net.UnixConn
	dir    string
	path   string

	worker  atomic.Pointer[family]
	reading sync.Once
}

// NotifyOwner says which incarnation a NotifySocket belongs to.
type NotifyOwner struct {
	GUID        string
	Incarnation int
	// OtherUser: the worker runs as another user than the initiator. Where the
	// kernel does not name the sender, only the socket of such a worker can be
	// reached by other users.
	OtherUser bool
}

// OpenNotifySocket creates the socket in a new directory. Messages wait in the
// socket until ReadMessages is called.
func OpenNotifySocket(owner NotifyOwner, report func(lifecycle.Event)) (*NotifySocket, error) {
	dir, err := os.MkdirTemp(notifyParent(os.TempDir(), "/tmp"), "initiator-")
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
	n := &NotifySocket{owner: owner, report: report, dir: dir, path: filepath.Join(dir, "notify")}
	listen := net.ListenConfig{Control: askForSender}
	conn, err := listen.ListenPacket(context.Background(), "unixgram", n.path)
	if err == nil {
		n.conn = conn.(*net.UnixConn)
		if namesSender || owner.OtherUser {
			err = errors.Join(os.Chmod(dir, 0o711), os.Chmod(n.path, 0o666))
		}
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("create notify socket: %w", err)
	}
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

// ReadMessages starts the goroutine that reads the socket until Close and reports
// each message of the worker. pid is the worker's main process, which must be
// known before a message can be attributed. A further call names another main
// process.
func (n *NotifySocket) ReadMessages(pid int) {
	n.worker.Store(newFamily(n.owner, pid))
	n.reading.Do(func() { go n.readMessages() })
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

// readMessages returns when the socket is closed. Only the first READY=1 of a
// stranger is reported: strangers can send as many as they like.
func (n *NotifySocket) readMessages() {
	buf, refused := make([]byte, 4096), false
	for {
		size, sender, err := receiveNotify(n.conn, buf)
		if err != nil {
			return
		}
		events := parseNotify(string(buf[:size]))
		if len(events) == 0 {
			continue
		}
		if stranger := n.worker.Load().describeStranger(sender); stranger != "" {
			events = refusedReadiness(events, stranger)
			if refused || len(events) == 0 {
				continue
			}
			refused = true
		}
		for _, e := range events {
			e.GUID, e.Incarnation = n.owner.GUID, n.owner.Incarnation
			n.report(e)
		}
	}
}

// refusedReadiness returns the reason why a stranger's READY=1 does not count;
// nil when the stranger sent something else.
func refusedReadiness(events []lifecycle.Event, stranger string) []lifecycle.Event {
	for _, e := range events {
		if e.Kind == lifecycle.ReadinessProven {
			return []lifecycle.Event{{Kind: lifecycle.NotReadyYet, Reason: "READY=1 came from " + stranger}}
		}
	}
	return nil
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
