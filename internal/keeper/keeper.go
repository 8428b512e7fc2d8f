package keeper

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// closeGrace is how long Close lets the keeper empty everything before the
// keeper itself is killed (which kills its workers through Pdeathsig).
const closeGrace = 5 * time.Second

// sendTimeout bounds a send to a keeper that does not read, such as one that
// somebody has stopped with SIGSTOP. After that it is killed.
const sendTimeout = 30 * time.Second

// ErrClosed is returned by every method once Close was called or the keeper
// is gone.
var ErrClosed = errors.New("the keeper is gone: launch a new one")

// ErrOlderKeeper is returned by a method whose order came after the version of this
// keeper. It serves on; the one that replaces it will know the order.
var ErrOlderKeeper = errors.New("this keeper is of an older version, which does not know how; it is replaced when its last worker has ended")

// Options say how a keeper is started. The zero value works.
type Options struct {
	// Logger is told of start and end at debug level; nil = silent.
	Logger hclog.Logger
	// Stderr is where the keeper's own last words go; nil = os.Stderr.
	Stderr *os.File
	// HandoverSocket is the path of a unix socket (0600) at which the next
	// initiator can find the keeper after this one has died: see Attach. "" =
	// nobody can come back. What is at the path is replaced, so whoever may
	// launch there must be the only one. Linux only; elsewhere it is ignored.
	HandoverSocket string
}

// Keeper is the initiator's end: it sends orders and yields events. All
// methods may be called from any goroutine.
type Keeper struct {
	log     hclog.Logger
	process keeperProcess
	conn    *net.UnixConn
	in      *bufio.Reader
	backlog []Event // read before receive began
	version atomic.Int32
	events  chan Event

	sendTimeout time.Duration // of one send: sendTimeout
	closeGrace  time.Duration // of Close: closeGrace

	send        sync.Mutex    // one frame at a time
	closing     chan struct{} // closed when Close begins: nobody need read events any more
	closeOnce   sync.Once
	detached    atomic.Bool    // Leave was called: it lives on
	gone        chan struct{}  // closed when the process was waited for
	ended       chan struct{}  // closed when nothing of ours runs for it any more
	closeSender sync.WaitGroup // the goroutine that says goodbye for Close
}

// Events yields everything that happens, in order, beginning with KindHello
// and ending with KindLost, after which it is closed. It must be read; an
// event that finds no room after Close was called is dropped.
func (k *Keeper) Events() <-chan Event { return k.events }

// PID is the process id of the keeper.
func (k *Keeper) PID() int { return k.process.pid() }

// Spawn asks for a process. KindSpawned or KindSpawnFailed follows. The error
// is of the request itself, or ErrClosed.
func (k *Keeper) Spawn(s SpawnOrder) error {
	wire, err := newSpawnWire(s)
	if err != nil {
		return err
	}
	return k.sendOrder(message{
		Op: opSpawn, GUID: s.GUID, Incarnation: s.Incarnation, Spawn: wire,
		Snapshot: s.Snapshot, SnapshotSeq: s.SnapshotSeq, On: s.Keep, Grace: s.OrphanGrace,
	}, s.Stream)
}

// HoldSocket leaves a copy of the socket f with the keeper, for every Spawn of guid
// with PassSocket. It replaces an earlier one. The caller keeps f.
func (k *Keeper) HoldSocket(guid string, f *os.File) error {
	return k.sendOrder(message{Op: opHold, GUID: guid}, f)
}

// ReleaseSocket closes what Hold left. Processes that have it keep their copies.
func (k *Keeper) ReleaseSocket(guid string) error {
	return k.sendOrder(message{Op: opRelease, GUID: guid}, nil)
}

// End asks that nothing be left of a worker; KindEmptied follows in any case,
// also when the worker has gone already.
func (k *Keeper) End(e EndOrder) error {
	return k.sendOrder(message{Op: opEnd, GUID: e.GUID, Incarnation: e.Incarnation, End: &e}, nil)
}

// Signal sends one signal to the process group of a worker and does nothing
// else. No event follows, and a worker that is gone is no error.
func (k *Keeper) Signal(guid string, incarnation, sig int) error {
	return k.sendOrder(message{Op: opSignal, GUID: guid, Incarnation: incarnation, Signal: sig}, nil)
}

// WatchOutput turns the KindOutput events of all incarnations of guid on or off. It
// may be called before Spawn, so that no line is missed.
func (k *Keeper) WatchOutput(guid string, on bool) error {
	return k.sendOrder(message{Op: opWatch, GUID: guid, On: on}, nil)
}

// AwaitOutput is Watch on, for lines that somebody waits for: one of a worker with a
// memo is told to every initiator that comes, until a Memo has seen it (its
// Event.Seq) or a Watch has followed. A keeper of version 1 only watches.
func (k *Keeper) AwaitOutput(guid string) error {
	return k.sendOrder(message{Op: opWatch, GUID: guid, On: true, Await: true}, nil)
}

// ReopenLogs opens all log files anew by their names, after someone moved them.
func (k *Keeper) ReopenLogs() error { return k.sendOrder(message{Op: opReopen}, nil) }

// ClearLogs removes logs, as something of guid; KindCleared follows. The next line
// makes a file anew. Those that were rotated away stay. ErrOlderKeeper: this keeper
// cannot.
func (k *Keeper) ClearLogs(guid string, paths ...string) error {
	return k.sendOrder(message{Op: opClear, GUID: guid, Paths: paths}, nil)
}

// Close kills all workers with all their descendants, those with Keep too,
// ends the keeper and waits for it. (An initiator that wants its Keep workers
// to live on exits without Close.) A second Close waits like the first.
func (k *Keeper) Close() error {
	k.closeOnce.Do(func() {
		close(k.closing)
		// Beside us: a keeper that does not read would hold us up, and so would
		// whoever is sending to it. It ends when the keeper does.
		k.closeSender.Go(func() {
			if err := k.sendOrder(message{Op: opClose}, nil); err != nil {
				_ = k.conn.CloseRead()
			}
		})
	})
	defer k.closeSender.Wait()
	grace := time.NewTimer(k.closeGrace)
	defer grace.Stop()
	select {
	case <-k.ended:
		return nil
	case <-grace.C:
	}
	err := k.process.kill()
	<-k.ended
	if err == nil {
		err = fmt.Errorf("close keeper %d: it did not end within %s and was killed", k.PID(), k.closeGrace)
	}
	return err
}

// sendOrder sends one message, and the descriptor of f with it.
func (k *Keeper) sendOrder(m message, f *os.File) error {
	if v := k.Version(); v != 0 && v < opVersion[m.Op] { // 0 = it has said nothing yet, and is our own
		return fmt.Errorf("%s %s: %w (version %d of the protocol; this order came with %d)", m.Op, m.GUID, ErrOlderKeeper, v, opVersion[m.Op])
	}
	m.V = Version
	if f != nil {
		m.FDs = 1
	}
	frame, err := encodeFrame(m)
	if err != nil {
		return fmt.Errorf("%s %s: %w", m.Op, m.GUID, err)
	}
	k.send.Lock()
	defer k.send.Unlock()
	select {
	case <-k.gone:
		return ErrClosed
	default:
	}
	_ = k.conn.SetWriteDeadline(time.Now().Add(k.sendTimeout))
	if err := writeFrame(k.conn, frame, f); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Half a message may lie in the socket, and no other can follow it.
			// A keeper that is of no use is better lost, for then it is replaced.
			_ = k.process.kill()
		}
		return fmt.Errorf("%s %s: %w: %w", m.Op, m.GUID, ErrClosed, err)
	}
	return nil
}
