package keeper

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"
)

// processName begins argv[0] of every keeper; the init function of this package
// looks for it.
const processName = "initiator-keeper"

// exitGrace is how long a keeper whose socket has ended may need to end. It is
// less than closeGrace.
const exitGrace = 2 * time.Second

// eventRoom is how many events may wait for a reader in the initiator. Further
// events wait in the socket, and then in the keeper.
const eventRoom = 256

// Launch starts a keeper: the running executable again, which the init function
// of this package turns into a keeper before main or TestMain runs.
func Launch(o Options) (*Keeper, error) {
	if strings.HasPrefix(os.Args[0], processName) {
		// Without this check a process that failed to become a keeper would
		// start another, without end.
		return nil, fmt.Errorf("launch keeper: the name of this program begins with %q, which is the keeper's: start it under another name", processName)
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	ours, theirs, err := newSocketPair()
	if err != nil {
		return nil, fmt.Errorf("launch keeper: make its socket: %w", err)
	}
	defer func() { _ = theirs.Close() }()
	defer func() { _ = ours.Close() }() // FileConn has a copy
	if _, err := ours.WriteString(preface); err != nil {
		return nil, fmt.Errorf("launch keeper: write to its socket: %w", err)
	}
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("launch keeper: %w", err)
	}
	process, err := startKeeper(theirs, o)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("launch keeper: %w", err)
	}
	k := newKeeper(o, conn.(*net.UnixConn), childKeeper{process, process.Pid})
	k.log.Debug("keeper started", "pid", process.Pid)
	go k.receiveEvents()
	if o.HandoverSocket != "" {
		if err := k.listenHandover(o.HandoverSocket); err != nil {
			_ = k.Close() // no worker was started yet
			return nil, fmt.Errorf("launch keeper: %w", err)
		}
	}
	return k, nil
}

func newKeeper(o Options, conn *net.UnixConn, process keeperProcess) *Keeper {
	return &Keeper{
		log: o.Logger, process: process, conn: conn, in: bufio.NewReaderSize(conn, 16<<10),
		sendTimeout: sendTimeout, closeGrace: closeGrace,
		events: make(chan Event, eventRoom), closing: make(chan struct{}), gone: make(chan struct{}), ended: make(chan struct{}),
	}
}

// childKeeper is a keeper process that this process has started. number is its
// process id: after Release, os.Process says -1, and a signal sent to -1 would
// reach every process of the machine.
type childKeeper struct {
	*os.Process
	number int
}

func (c childKeeper) pid() int       { return c.number }
func (c childKeeper) kill() error    { return c.Process.Kill() }
func (c childKeeper) releaseHandle() { _ = c.Process.Release() } // Release returns no error on unix

func (c childKeeper) awaitEnd() string {
	state, err := c.Process.Wait()
	if err != nil {
		return "its exit status was taken by other code of this process"
	}
	return state.String()
}

// startKeeper runs the executable with the socket as descriptor 3. The keeper
// gets a session of its own, so that the terminal's Ctrl-C reaches neither the
// keeper nor its workers.
func startKeeper(sock *os.File, o Options) (*os.Process, error) {
	path, err := executablePath()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = null.Close() }()
	stderr := o.Stderr
	if stderr == nil {
		stderr = os.Stderr
	}
	title := fmt.Sprintf("%s of %s (%d)", processName, filepath.Base(os.Args[0]), os.Getpid())
	return os.StartProcess(path, []string{title}, &os.ProcAttr{
		Env:   keeperEnv(os.Environ(), o.Withhold),
		Files: []*os.File{null, null, stderr, sock},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

// executablePath names the running program, also when its file was replaced.
func executablePath() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// newSocketPair returns two connected unix sockets that no other child
// inherits.
func newSocketPair() (a, b *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	syscall.CloseOnExec(pair[0])
	syscall.CloseOnExec(pair[1])
	return os.NewFile(uintptr(pair[0]), "keeper"), os.NewFile(uintptr(pair[1]), "initiator"), nil
}

// writeFrame sends a frame, and returns how many bytes were sent. The descriptor
// of f goes with the frame's first bytes; nil = none.
func writeFrame(conn *net.UnixConn, frame []byte, f *os.File) (n int, err error) {
	if f == nil {
		return conn.Write(frame)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var sent error
	// Control keeps the descriptor open meanwhile, and unlike Fd does not
	// change the file's blocking mode.
	err = raw.Control(func(fd uintptr) {
		n, _, sent = conn.WriteMsgUnix(frame, unix.UnixRights(int(fd)), nil)
	})
	if err == nil {
		err = sent
	}
	if err == nil && n < len(frame) {
		var more int
		more, err = conn.Write(frame[n:])
		n += more
	}
	return n, err
}

// receiveEvents delivers the events until the socket ends. Then it waits for
// this one child (never for any other: the host program may have children of
// its own) and reports how the keeper ended.
func (k *Keeper) receiveEvents() {
	defer close(k.ended)
	defer close(k.events)
	for _, e := range k.backlog {
		k.deliverEvent(e)
	}
	k.backlog = nil
	for {
		e, err := readEvent(k.in)
		if err != nil {
			break
		}
		if e.Kind == KindHello {
			k.version.Store(int32(e.Version))
		}
		k.deliverEvent(e)
	}
	// A keeper whose socket has ended can do nothing more for this initiator.
	_ = k.conn.Close()
	how := "this initiator detached from it"
	if k.detached.Load() {
		k.process.releaseHandle()
	} else {
		how = k.awaitProcess()
	}
	close(k.gone)
	k.log.Debug("keeper ended", "pid", k.process.pid(), "how", how)
	k.deliverEvent(Event{Kind: KindLost, At: time.Now(), Error: how})
}

// awaitProcess waits until the keeper has ended, and returns how. A keeper that
// was killed while it wrote to a disk that hangs ends when the disk works
// again. It has given up its socket and its workers, so nothing waits for it.
func (k *Keeper) awaitProcess() string {
	how := make(chan string, 1)
	go func() { how <- k.process.awaitEnd() }() // ends with the keeper
	grace := time.NewTimer(exitGrace)
	defer grace.Stop()
	select {
	case text := <-how:
		return text
	case <-grace.C:
		return fmt.Sprintf("it has not ended within %s after its socket: the disk of a log file may hang", exitGrace)
	}
}

// deliverEvent sends one event to Events. It waits for a reader until Close is
// called.
func (k *Keeper) deliverEvent(e Event) {
	select {
	case k.events <- e:
		return
	default:
	}
	select {
	case k.events <- e:
	case <-k.closing:
	}
}

func readEvent(in *bufio.Reader) (Event, error) {
	var e Event
	head, err := in.Peek(4)
	if err != nil {
		return e, err
	}
	n, err := frameLength(head)
	if err != nil {
		return e, err
	}
	body := make([]byte, 4+n)
	if _, err := io.ReadFull(in, body); err != nil {
		return e, err
	}
	if err := json.Unmarshal(body[4:], &e); err != nil {
		return e, err
	}
	e.unpackLines()
	return e, nil
}
