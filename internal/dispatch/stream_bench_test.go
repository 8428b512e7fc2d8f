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

// asProgram makes the test binary another program: a worker, or the far end of
// the reference.
const asProgram = "DISPATCH_TEST_PROGRAM"

// runTestProgram is the main function of the test binary in a process of its
// own.
func runTestProgram(name string) {
	switch name {
	case "worker":
		worker.Main(echo)
	case "framed":
		end := os.NewFile(4, "stream")
		streamtest.Relay(end, end)
	}
	os.Exit(0)
}

// startTestProgram starts the test binary as a program with one end of a stream
// as descriptor 4, and returns the other end.
func startTestProgram(tb testing.TB, name, stdin string) net.Conn {
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
	return connFromFile(tb, ours)
}

// cpuTime returns the CPU time of this process. It is more precise than the
// clock when other programs run as well.
func cpuTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// childPID is the process at the other end; 0 = none.
var childPID atomic.Int64

// childCPUTime returns the CPU time of that process. On Linux, the clock of
// another process is identified by its number.
func childCPUTime() time.Duration {
	var ts unix.Timespec
	pid := childPID.Load()
	if pid == 0 || unix.ClockGettime(int32(^pid<<3|2), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// startStreamWorker starts a real worker process with a stream and a port of
// its own.
func startStreamWorker(tb testing.TB, guid string, slots int) Attachment {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr, token := l.Addr().(*net.TCPAddr), webhook.NewToken()
	l.Close()
	ini := fmt.Sprintf("[w]\nlisten_addr = 127.0.0.1\nlisten_port = %d\ntoken = %s\nslots = %d\n", addr.Port, token, slots)
	nc := startTestProgram(tb, "worker", ini)
	return Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: "http://" + addr.String(), Token: token, Slots: slots, Stream: nc}
}

// callOverStream calls through the whole dispatcher and a real worker process
// with 256 slots, over an inherited stream.
func callOverStream(b *testing.B) func() error {
	h := newTestDispatcherOver(b, queue.NewMemory(queue.Retention{Count: 1000}), Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	w := h.attachConnected(startStreamWorker(b, "w", 256))
	h.runInLoop(func() {
		if _, ok := h.d.workers[workerID{w.GUID, 1}].transport.(*workerStream); !ok {
			b.Error("there is no stream")
		}
	})
	return h.callOnce
}

// limitFramed is the reference of the stream: frames with length and number
// over one Unix socket to another process, which sends each back.
func limitFramed(b *testing.B) func() error {
	nc := startTestProgram(b, "framed", "")
	return streamtest.NewCaller(b, nc, benchData)
}
