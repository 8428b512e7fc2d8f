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

	"initiator/internal/frozentime"
)

// closeGrace is how long Close waits until the keeper has ended every worker.
// After that Close kills the keeper, which kills its workers through Pdeathsig.
const closeGrace = 5 * time.Second

// sendTimeout bounds a send to a keeper that does not read, such as a keeper
// that was stopped with SIGSTOP. After that the keeper is killed.
const sendTimeout = 30 * time.Second

// ErrClosed is returned by every method after Close was called or the keeper
// has ended.
var ErrClosed = errors.New("the keeper is gone: launch a new one")

// ErrOlderKeeper is returned by a method whose order is newer than the protocol
// version of this keeper. The keeper goes on; the keeper that replaces it will
// know the order.
var ErrOlderKeeper = errors.New("the running keeper is older than this program and does not know this order; it will be replaced when its last worker has ended")

// Options say how a keeper is started. The zero value works.
type Options struct {
	// Logger gets the keeper's start and end at debug level; nil = silent.
	Logger hclog.Logger
	// Stderr is where the keeper writes an error that ends it; nil = os.Stderr.
	Stderr *os.File
	// HandoverSocket is the path of a unix socket (mode 0600) at which the next
	// initiator finds the keeper after this initiator has died: see Attach. ""
	// = no initiator can attach. A file at the path is replaced, so only one
	// initiator may launch keepers there. Linux only; elsewhere the path is
	// ignored.
	HandoverSocket string
	// Withhold names environment variables of this process that the keeper does
	// not inherit, because their values are secret.
	Withhold []string
}

// Keeper is the initiator's end of the connection to a keeper process: methods
// send orders, Events yields the events. All methods may be called from any
// goroutine. The protocol is described in docs/keeper-protocol.md.
type Keeper struct {
	log     hclog.Logger
	process keeperProcess
	conn    *net.UnixConn
	in      *bufio.Reader
	backlog []Event // read before receiveEvents began
	version atomic.Int32
	events  chan Event

	sendTimeout time.Duration // of one send
	closeGrace  time.Duration // of Close

	send         sync.Mutex    // held while a frame is written
	closing      chan struct{} // closed when Close or Detach begins: events may be dropped
	closeOnce    sync.Once
	detached     atomic.Bool   // Detach was called: the keeper lives on
	gone         chan struct{} // closed when the process was waited for
	ended        chan struct{} // closed when every goroutine of this Keeper has ended
	acknowledged acknowledgedOutput
	closeSender  sync.WaitGroup // the goroutine that sends the close order
}

// Events yields every event in order, beginning with KindHello and ending with
// KindLost, after which the channel is closed. The caller must read it. An
// event that finds no room after Close was called is dropped.
func (k *Keeper) Events() <-chan Event { return k.events }

// PID returns the process id of the keeper.
func (k *Keeper) PID() int { return k.process.pid() }

// Spawn orders a new process. KindSpawned or KindSpawnFailed follows. The error
// is about the order itself, or ErrClosed.
func (k *Keeper) Spawn(s SpawnOrder) error {
	wire, err := newSpawnWire(s)
	if err == nil && (s.ListenFDs || s.NoNewPrivs) {
		err = k.checkVersion(listenVersion, opSpawn, s.GUID)
	}
	if err != nil {
		return err
	}
	return k.sendOrder(message{
		Op: opSpawn, GUID: s.GUID, Incarnation: s.Incarnation, Spawn: wire,
		Snapshot: s.Snapshot, SnapshotSeq: s.SnapshotSeq, On: s.Keep, Grace: s.OrphanGrace,
	}, s.Stream)
}

// HoldSocket gives the keeper a copy of the socket f, for every SpawnOrder of
// guid with PassSocket. It replaces an earlier socket of guid. The caller keeps
// f.
func (k *Keeper) HoldSocket(guid string, f *os.File) error {
	return k.sendOrder(message{Op: opHold, GUID: guid}, f)
}

// ShareSocket lets the keeper copy the socket that it holds for another worker,
// from, and hold the copy for guid as after HoldSocket. ErrOlderKeeper: this
// keeper does not know the order.
func (k *Keeper) ShareSocket(guid, from string) error {
	return k.sendOrder(message{Op: opShare, GUID: guid, From: from}, nil)
}

// ReleaseSocket closes the keeper's copy of the socket of guid. Processes that
// were given the socket keep their copies.
func (k *Keeper) ReleaseSocket(guid string) error {
	return k.sendOrder(message{Op: opRelease, GUID: guid}, nil)
}

// End orders that a worker be ended with all its descendants. KindEmptied
// follows in any case, also when the worker has already gone.
func (k *Keeper) End(e EndOrder) error {
	return k.sendOrder(message{Op: opEnd, GUID: e.GUID, Incarnation: e.Incarnation, End: &e}, nil)
}

// CanLeave reports whether the keeper carries out EndOrder.Leave. A keeper before
// version 6 carries out such an order as one without it.
func (k *Keeper) CanLeave() bool {
	return k.checkVersion(leaveVersion, opEnd, "") == nil
}

// Signal sends one signal to the process group of a worker's main process, or
// with mainOnly to the main process alone. No event follows. A worker that has
// gone is no error. A keeper before version 3 always signals the group.
func (k *Keeper) Signal(guid string, incarnation, sig int, mainOnly bool) error {
	return k.sendOrder(message{Op: opSignal, GUID: guid, Incarnation: incarnation, Signal: sig, MainOnly: mainOnly}, nil)
}

// ReplaceMain makes another process of a worker its main process, after a
// KindMainExited. KindMain follows: it reports the new main process, or why that
// process is refused. pid 0 gives up: KindExited follows. Nothing follows when
// the worker has ended in the meantime. ErrOlderKeeper: this keeper does not know
// the order, and has sent no KindMainExited.
func (k *Keeper) ReplaceMain(guid string, incarnation, pid int) error {
	return k.sendOrder(message{Op: opMain, GUID: guid, Incarnation: incarnation, PID: pid}, nil)
}

// WatchOutput turns the KindOutput events of all incarnations of guid on or
// off. Called before Spawn, it misses no line. Acknowledged names the streams whose
// lines the caller passes to AcknowledgeOutput once they are written: of these no
// line is dropped. A keeper before version 7 treats them as other streams.
func (k *Keeper) WatchOutput(guid string, on bool, acknowledged ...string) error {
	return k.watch(message{GUID: guid, On: on, Flow: acknowledged})
}

// watch sends an order watch.
func (k *Keeper) watch(m message) error {
	m.Op = opWatch
	if !m.On {
		k.acknowledged.forget(m.GUID)
	}
	return k.sendOrder(m, nil)
}

// AwaitOutput turns the KindOutput events of guid on, for lines that the caller
// must not lose. While the worker has a snapshot, the keeper repeats each line
// to every initiator that attaches, until a saved snapshot covers the line (by
// its Event.Seq) or WatchOutput is called. A keeper of version 1 treats the
// order as WatchOutput.
func (k *Keeper) AwaitOutput(guid string, acknowledged ...string) error {
	return k.watch(message{GUID: guid, On: true, Await: true, Flow: acknowledged})
}

// ReopenLogs closes all log files and opens them again by their names, after
// another program has moved them.
func (k *Keeper) ReopenLogs() error { return k.sendOrder(message{Op: opReopen}, nil) }

// ClearLogs removes log files. KindCleared with guid follows. The next line
// makes the file anew. Rotated files stay. ErrOlderKeeper: this keeper does not
// know the order.
func (k *Keeper) ClearLogs(guid string, paths ...string) error {
	return k.sendOrder(message{Op: opClear, GUID: guid, Paths: paths}, nil)
}

// Close kills all workers with all their descendants, workers with Keep too,
// ends the keeper and waits for it. An initiator that wants its Keep workers to
// live on exits without Close. A second Close waits like the first.
func (k *Keeper) Close() error {
	k.closeOnce.Do(func() {
		close(k.closing)
		// In a goroutine of its own, because a keeper that does not read would
		// block Close, and so would another goroutine that is sending. It ends
		// when the keeper does.
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
	grace.Reset(k.closeGrace)
	select {
	case <-k.ended:
	case <-grace.C:
		_ = k.conn.CloseRead() // it was killed while a disk hangs, and its socket is still open
		<-k.ended
	}
	if err == nil {
		err = fmt.Errorf("close keeper %d: it did not end within %s and was killed", k.PID(), k.closeGrace)
	}
	return err
}

// Kill kills the keeper, and so its workers without Keep. KindLost follows, also
// when the keeper hangs in a system call.
func (k *Keeper) Kill() error {
	err := k.process.kill()
	if err == nil {
		grace := time.AfterFunc(k.closeGrace, func() { _ = k.conn.CloseRead() })
		go func() {
			<-k.ended
			grace.Stop()
		}()
	}
	return err
}

// sendOrder sends one message, with the descriptor of f unless f is nil.
func (k *Keeper) sendOrder(m message, f *os.File) error {
	if err := k.checkVersion(opVersion[m.Op], m.Op, m.GUID); err != nil {
		return err
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
	if err := k.writeOrder(frame, f); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Half a frame may lie in the socket, and no other frame can follow
			// it. The keeper is killed, so that a new keeper replaces it.
			_ = k.process.kill()
		}
		return fmt.Errorf("%s %s: %w: %w", m.Op, m.GUID, ErrClosed, err)
	}
	return nil
}

// writeOrder writes a frame within sendTimeout. Time in which this process did
// not run does not count: the keeper may have been stopped as well.
func (k *Keeper) writeOrder(frame []byte, f *os.File) error {
	for {
		began := time.Now()
		_ = k.conn.SetWriteDeadline(began.Add(k.sendTimeout))
		n, err := writeFrame(k.conn, frame, f)
		if !errors.Is(err, os.ErrDeadlineExceeded) || !frozentime.Overran(began, k.sendTimeout, time.Now()) {
			return err
		}
		if frame = frame[n:]; n > 0 {
			f = nil // it went with the first byte
		}
	}
}

// checkVersion returns ErrOlderKeeper for an order that came with a later version
// than the keeper's.
func (k *Keeper) checkVersion(came int, op, guid string) error {
	if v := k.Version(); v != 0 && v < came { // 0 = no Hello yet: the keeper is this program's own
		return fmt.Errorf("%s %s: %w (version %d of the protocol; this order came with %d)", op, guid, ErrOlderKeeper, v, came)
	}
	return nil
}
