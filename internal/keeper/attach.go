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

// KeptWorker is one worker that a keeper has held while there was no initiator.
type KeptWorker struct {
	GUID        string
	Incarnation int
	PID         int    // 0 = its process has ended
	StartTime   uint64 // of that process: with the PID it names it for ever
	HasSocket   bool   // the listening socket that Hold left is still there
	Snapshot    []byte // what the last initiator has left; nil = nothing
}

// ErrNoKeeper is Attach's answer when no keeper waits at that place.
var ErrNoKeeper = errors.New("no keeper waits there")

// attachTimeout bounds the first word of a keeper. It has nothing else to do,
// but the machine may.
const attachTimeout = 10 * time.Second

// Attach goes on with the keeper that waits at path since its initiator died.
// It returns what it holds; the events that nobody has judged yet follow on
// Events, and then KindSynced. The error is ErrNoKeeper, or says why a keeper
// that is there cannot be used.
func Attach(path string, o Options) (*Keeper, []KeptWorker, error) {
	conn, process, err := dialHandover(path)
	if err != nil {
		return nil, nil, err
	}
	return attachConn(conn, process, o)
}

// attachConn hears a keeper that was found.
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
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) { // it was about to end
			err = ErrNoKeeper
		}
		return nil, nil, fmt.Errorf("attach to keeper %d: %w", process.pid(), err)
	}
	k.log.Debug("attached to a keeper", "pid", process.pid(), "version", k.version.Load(), "workers", len(held))
	go k.receiveEvents()
	return k, held, nil
}

// readGreeting reads what a keeper says first: who it is and what it holds. The first
// event that is neither is the first of the backlog.
func (k *Keeper) readGreeting() (held []KeptWorker, err error) {
	_ = k.conn.SetReadDeadline(time.Now().Add(attachTimeout))
	defer func() { _ = k.conn.SetReadDeadline(time.Time{}) }()
	hello, err := readEvent(k.in)
	if err != nil {
		return nil, err
	}
	if hello.Kind != KindHello || hello.Version < 1 {
		return nil, fmt.Errorf("it says %q, and not hello", hello.Kind)
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

// keeperProcess is the keeper's process: a child that we wait for, or another's.
type keeperProcess interface {
	pid() int
	kill() error
	awaitEnd() string // until it has ended; says how, and frees what it held
	releaseHandle()   // frees what it held, instead of wait
}

// SaveSnapshot leaves something for the next initiator with everything about guid that
// is not in it yet. seen is the newest Event.Seq of that guid that the blob
// tells of; keep = false is for an upgrade only; nil takes it back.
func (k *Keeper) SaveSnapshot(guid string, blob []byte, seen uint64, keep bool, grace time.Duration) error {
	return k.sendOrder(message{Op: opSnapshot, GUID: guid, Snapshot: blob, SnapshotSeq: seen, On: keep, Grace: grace}, nil)
}

// KeepAllFor makes the keeper hold everything, workers that are not Keep too, when
// its initiator goes within that time, until it is over: for an upgrade. Zero
// takes it back.
func (k *Keeper) KeepAllFor(d time.Duration) error {
	return k.sendOrder(message{Op: opKeepAll, Grace: d}, nil)
}

// Detach ends the connection and nothing else, as if the initiator had died.
func (k *Keeper) Detach() {
	k.detached.Store(true)
	k.closeOnce.Do(func() { close(k.closing) })
	_ = k.conn.Close()
	<-k.ended
}

// Version is that of the keeper's protocol, as it said itself; 0 before Hello.
func (k *Keeper) Version() int { return int(k.version.Load()) }
