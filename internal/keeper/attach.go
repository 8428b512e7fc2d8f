package keeper

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// KeptWorker is one worker that a keeper has kept while there was no initiator.
type KeptWorker struct {
	GUID        string
	Incarnation int
	PID         int    // 0 = its process has ended
	StartTime   uint64 // of that process; PID and StartTime together never name another process
	HasSocket   bool   // the keeper has the socket that HoldSocket left
	Snapshot    []byte // that the last initiator saved; nil = none
}

// ErrNoKeeper is returned by Attach when no keeper waits at that path.
var ErrNoKeeper = errors.New("no keeper waits there")

// attachTimeout bounds the time until the keeper's greeting. The keeper has no
// other work then, but the machine may be busy.
const attachTimeout = 10 * time.Second

// Attach takes over the keeper that has waited at path since its initiator
// died. It returns the workers that the keeper kept. The events that no
// snapshot covers follow on Events, and then KindSynced. The error is
// ErrNoKeeper, or says why the keeper at path cannot be used.
func Attach(path string, o Options) (*Keeper, []KeptWorker, error) {
	conn, process, err := dialHandover(path)
	if err != nil {
		return nil, nil, err
	}
	return attachConn(conn, process, o)
}

// attachConn reads the greeting of the keeper behind conn.
func attachConn(conn *net.UnixConn, process *attachedKeeper, o Options) (*Keeper, []KeptWorker, error) {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	k := newKeeper(o, conn, process)
	held, err := k.readGreeting()
	if err == nil {
		err = process.openHandle(k.backlog[0].PID)
	}
	if err != nil {
		_ = conn.Close()
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) { // the keeper was about to end
			err = ErrNoKeeper
		}
		return nil, nil, fmt.Errorf("attach to keeper %d: %w", process.pid(), err)
	}
	k.log.Debug("attached to a keeper", "pid", process.pid(), "version", k.version.Load(), "workers", len(held))
	go k.receiveEvents()
	return k, held, nil
}

// readGreeting reads KindHello and the KindKept events. The first event of
// another kind becomes the first of the backlog.
func (k *Keeper) readGreeting() (held []KeptWorker, err error) {
	_ = k.conn.SetReadDeadline(time.Now().Add(attachTimeout))
	defer func() { _ = k.conn.SetReadDeadline(time.Time{}) }()
	hello, err := readEvent(k.in)
	if err != nil {
		return nil, err
	}
	if hello.Kind != KindHello || hello.Version < 1 {
		return nil, fmt.Errorf("its first event is %q instead of hello", hello.Kind)
	}
	k.version.Store(int32(hello.Version))
	k.backlog = append(k.backlog, hello)
	for {
		e, err := readEvent(k.in)
		if err != nil {
			return nil, err
		}
		if e.Kind != KindKept {
			k.backlog = append(k.backlog, e)
			return held, nil
		}
		held = append(held, KeptWorker{e.GUID, e.Incarnation, e.PID, e.StartTime, e.HasSocket, e.Snapshot})
	}
}

// keeperProcess is the keeper's process: a child of this process, or a process
// that another process has started.
type keeperProcess interface {
	pid() int
	kill() error
	awaitEnd() string // waits until it has ended, says how, and frees its handle
	releaseHandle()   // frees its handle instead of awaitEnd
}

// SaveSnapshot saves blob for the next initiator. The keeper does not read it.
// It keeps with it every event about guid whose Event.Seq is above seen, the
// highest Seq that blob covers, and sends both to the next initiator. keep =
// false saves it for an upgrade only. An empty blob deletes the snapshot. grace
// is SpawnOrder.OrphanGrace.
func (k *Keeper) SaveSnapshot(guid string, blob []byte, seen uint64, keep bool, grace time.Duration) error {
	return k.sendOrder(message{Op: opSnapshot, GUID: guid, Snapshot: blob, SnapshotSeq: seen, On: keep, Grace: grace}, nil)
}

// KeepAllFor makes the keeper keep all workers, also workers without Keep, when
// its initiator goes within d, and until d is over: for an upgrade. Zero
// cancels an earlier call.
func (k *Keeper) KeepAllFor(d time.Duration) error {
	return k.sendOrder(message{Op: opKeepAll, Grace: d}, nil)
}

// Detach closes the connection. For the keeper this is the same as the death of
// its initiator.
func (k *Keeper) Detach() {
	k.detached.Store(true)
	k.closeOnce.Do(func() { close(k.closing) })
	_ = k.conn.Close()
	<-k.ended
}

// Version returns the keeper's protocol version; 0 before KindHello.
func (k *Keeper) Version() int { return int(k.version.Load()) }
