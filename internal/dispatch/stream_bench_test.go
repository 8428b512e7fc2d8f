package dispatch

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/stream/streamtest"
	"initiator/internal/webhook"
	"initiator/worker"
)

// asProgram makes the test binary another program: a worker, or the bare end
// of a limit.
const asProgram = "DISPATCH_TEST_PROGRAM"

// program is what the test binary is in a process of its own.
func program(name string) {
	switch name {
	case "worker":
		worker.Main(echo)
	case "framed":
		end := os.NewFile(4, "stream")
		streamtest.Relay(end, end)
	}
	os.Exit(0)
}

// child starts the test binary as a program that has one end of a stream as
// descriptor 4, and returns the other.
func child(tb testing.TB, name, stdin string) net.Conn {
	tb.Helper()
	ours, theirs := socketpair(tb)
	defer theirs.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(theirs.Fd()), &st); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"="+name, "INITIATOR_GUID=w", fmt.Sprintf("INITIATOR_FDS=4:%d:%d", uint64(st.Dev), st.Ino))
	cmd.Stdin = strings.NewReader(stdin)
	cmd.ExtraFiles = []*os.File{nil, theirs}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	childPID.Store(int64(cmd.Process.Pid))
	tb.Cleanup(func() {
		childPID.Store(0)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return connOf(tb, ours)
}

// cpu is the time that this process has spent on all processors. It tells more
// than the clock does where other programs want them too.
func cpu() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// childPID is the process at the other end, if there is one.
var childPID atomic.Int64

// childCPU is what that process has spent. Linux names the clock of another
// process by its number.
func childCPU() time.Duration {
	var ts unix.Timespec
	pid := childPID.Load()
	if pid == 0 || unix.ClockGettime(int32(^pid<<3|2), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// bornWorker is a real worker process with a stream, on a port of its own.
func bornWorker(tb testing.TB, guid string, slots int) Attachment {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr, token := l.Addr().(*net.TCPAddr), webhook.NewToken()
	l.Close()
	ini := fmt.Sprintf("[w]\nlisten_addr = 127.0.0.1\nlisten_port = %d\ntoken = %s\nslots = %d\n", addr.Port, token, slots)
	nc := child(tb, "worker", ini)
	return Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: "http://" + addr.String(), Token: token, Slots: slots, Stream: nc}
}

// overStream goes through the whole dispatcher and a real worker process with
// 256 slots, over the stream that it was born with.
func overStream(b *testing.B) func() error {
	h := newHouseOver(b, queue.NewMemory(queue.Retention{Count: 1000}), Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	w := h.attach(bornWorker(b, "w", 256))
	h.inLoop(func() {
		if _, ok := h.d.workers[workerID{w.GUID, 1}].transport.(*workerStream); !ok {
			b.Error("there is no stream")
		}
	})
	return h.once
}

// limitFramed is the limit of the stream: frames with length and number, over
// one Unix socket to another process, which sends each back.
func limitFramed(b *testing.B) func() error {
	nc := child(b, "framed", "")
	return streamtest.NewCaller(b, nc, benchData)
}
