package supervise

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
	"initiator/internal/plan"
)

// notifySocket is the NOTIFY_SOCKET of one incarnation, in systemd's protocol
// (sd_notify(3)). Each has its own, so that nobody can speak for another: its
// directory is private, and its name is in no other worker's environment.
type notifySocket struct {
	conn *net.UnixConn
	dir  string
	path string
}

// newNotifySocket opens the socket and reads it until close. other is set when
// the worker runs as another user: the directory can then be entered, but not
// listed, and its name cannot be guessed.
func newNotifySocket(parent, guid string, incarnation int, other bool, tell func(lifecycle.Event)) (*notifySocket, error) {
	dir, err := os.MkdirTemp(parent, "initiator-")
	if err != nil {
		return nil, fmt.Errorf("make notify socket: %w", err)
	}
	return openNotifySocket(dir, guid, incarnation, other, tell)
}

// reopenNotifySocket makes it again where a process knows it to be, after the
// death of the initiator that had made it.
func reopenNotifySocket(dir, guid string, incarnation int, other bool, tell func(lifecycle.Event)) (*notifySocket, error) {
	if err := os.Remove(filepath.Join(dir, "notify")); err != nil {
		return nil, fmt.Errorf("make notify socket again: %w", err)
	}
	return openNotifySocket(dir, guid, incarnation, other, tell)
}

func openNotifySocket(dir, guid string, incarnation int, other bool, tell func(lifecycle.Event)) (*notifySocket, error) {
	n := &notifySocket{dir: dir, path: filepath.Join(dir, "notify")}
	var err error
	n.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.path, Net: "unixgram"})
	if err == nil && other {
		err = errors.Join(os.Chmod(dir, 0o711), os.Chmod(n.path, 0o666))
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("make notify socket: %w", err)
	}
	go n.read(guid, incarnation, tell)
	return n, nil
}

// env is what a worker is told of its socket.
func (n *notifySocket) env(spec *plan.Spec) []string {
	env := []string{"NOTIFY_SOCKET=" + n.path}
	if spec.HeartbeatTolerance > 0 {
		env = append(env, "WATCHDOG_USEC="+strconv.FormatInt(spec.HeartbeatTolerance.Microseconds(), 10))
	}
	return env
}

// close ends the reading goroutine and removes the socket.
func (n *notifySocket) close() {
	if n.conn != nil {
		_ = n.conn.Close()
	}
	_ = os.RemoveAll(n.dir)
}

// read ends when the socket is closed.
func (n *notifySocket) read(guid string, incarnation int, tell func(lifecycle.Event)) {
	buf := make([]byte, 4096)
	for {
		size, err := n.conn.Read(buf)
		if err != nil {
			return
		}
		for _, e := range notices(string(buf[:size])) {
			e.GUID, e.Incarnation = guid, incarnation
			tell(e)
		}
	}
}

// notices reads one datagram: lines of NAME=value, of which unknown ones are
// for other managers.
func notices(datagram string) (events []lifecycle.Event) {
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
