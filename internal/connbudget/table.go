package connbudget

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	// warnEvery is the least time between two warnings about one kind.
	warnEvery = time.Minute
	// The acceptance of a connection waits for a request on one of the
	// connections before it, when these are too many: for arrivalTicks ticks of
	// arrivalTick. A process that gets no processor for a while misses ticks,
	// and so waits longer.
	arrivalTick  = 10 * time.Millisecond
	arrivalTicks = 10
)

// Table holds the accepted connections of a process. Make one with New. Any
// goroutine may call its methods.
type Table struct {
	log hclog.Logger

	mu      sync.Mutex
	conns   map[net.Conn]*entry
	classes [kinds]class
	noted   [kinds]note
}

// note counts what happened to a kind since the last warning about it.
type note struct {
	count  int
	warned time.Time
}

// New returns an empty table. A warning is logged, at most once a minute for
// each kind, when connections of a kind are closed or refused because there are
// too many.
func New(l Limits, log hclog.Logger) *Table {
	t := &Table{log: log, conns: map[net.Conn]*entry{}}
	for k := range t.classes {
		t.classes[k].limit, t.classes[k].patient, t.classes[k].room = l[k], true, make(chan struct{}, 1)
	}
	return t
}

// AttachServer makes a server report its connections to the table. Call it
// before the server serves. It sets ConnState, and ConnContext around an
// earlier one.
func (t *Table) AttachServer(s *http.Server) {
	before := s.ConnContext
	s.ConnState = t.trackState
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if before != nil {
			ctx = before(ctx, c)
		}
		return context.WithValue(ctx, entryKey{}, t.addConn(c))
	}
}

// entryKey is the key of a request's connection in its context.
type entryKey struct{}

// trackState notes that a connection has changed its state.
func (t *Table) trackState(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew: // ConnContext has added it
	case http.StateActive, http.StateIdle:
		t.setActive(c, s == http.StateActive)
	case http.StateClosed:
		t.removeConn(c)
	case http.StateHijacked: // Release removes it
	}
}

// addConn adds a new connection. The oldest new connection is closed when there
// are too many. A server calls it for every new connection before it accepts
// the next.
func (t *Table) addConn(c net.Conn) *entry {
	e := &entry{table: t, conn: c, kind: Anonymous}
	if underlying(c).LocalAddr().Network() == "unix" {
		e.kind = Arriving
	}
	t.awaitRoom(&t.classes[e.kind])
	t.mu.Lock()
	var victim *entry
	if class := &t.classes[e.kind]; class.count() >= class.limit {
		victim = class.chooseVictim("")
		t.dropEntry(victim)
	}
	t.conns[c] = e
	t.classes[e.kind].addEntry(e)
	warning := t.noteFull(e.kind, victim != nil)
	t.mu.Unlock()
	closeEntry(victim)
	t.warnFull(e.kind, warning)
	return e
}

// awaitRoom waits a moment for room for a new connection. Many connections may
// be opened at the same time, each with its request under way: none of them is
// closed then. When no request comes, the next connections do not wait either,
// until one has brought a request.
func (t *Table) awaitRoom(c *class) {
	mustWait := func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return c.patient && c.count() >= c.limit
	}
	if !mustWait() {
		return
	}
	tick := time.NewTicker(arrivalTick)
	defer tick.Stop()
	for ticks := 0; mustWait(); {
		select {
		case <-c.room:
			continue
		case <-tick.C:
		}
		if ticks++; ticks == arrivalTicks {
			t.mu.Lock()
			c.patient = false
			t.mu.Unlock()
		}
	}
}

func (t *Table) setActive(c net.Conn, active bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.conns[c]
	if e == nil || e.kind == Anonymous || e.kind == Arriving {
		if e != nil {
			e.active = active
		}
		return
	}
	class := &t.classes[e.kind]
	class.removePlace(e)
	e.active = active
	class.placeEntry(e)
}

func (t *Table) removeConn(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropEntry(t.conns[c])
}

// dropEntry removes a connection; nil has no effect. The caller holds the lock.
func (t *Table) dropEntry(e *entry) {
	if e == nil || e.gone {
		return
	}
	e.gone = true
	delete(t.conns, e.conn)
	t.classes[e.kind].removeEntry(e)
	t.classes[e.kind].signalRoom()
}

// Admit says who is at the other end of the connection of a request: the
// request has shown the token of that kind. The connections of one kind are
// shared by their owners. It reports false when the kind is full and each of
// its connections is in use: the caller answers that there are too many, and
// ends the connection. It reports true for a request of a server without a
// table.
func Admit(ctx context.Context, k Kind, owner string) bool {
	e, _ := ctx.Value(entryKey{}).(*entry)
	return e == nil || e.table.admit(e, k, owner)
}

func (t *Table) admit(e *entry, k Kind, owner string) bool {
	t.mu.Lock()
	if e.gone || e.kind == k && e.owner == owner {
		t.mu.Unlock()
		return true
	}
	full := t.classes[k].count() >= t.classes[k].limit
	var victim *entry
	if full {
		victim = t.classes[k].chooseVictim(owner)
		t.dropEntry(victim)
	}
	if !full || victim != nil {
		t.classes[e.kind].removeEntry(e)
		t.classes[e.kind].patient = true
		t.classes[e.kind].signalRoom()
		e.kind, e.owner, e.active = k, owner, true
		t.classes[k].addEntry(e)
	}
	warning := t.noteFull(k, full)
	t.mu.Unlock()
	closeEntry(victim)
	t.warnFull(k, warning)
	return !full || victim != nil
}

// Release says that the stream of a request has ended. Without it, a connection
// that was taken over from its server would be counted for ever. It may be
// called more than once.
func Release(ctx context.Context) {
	if e, _ := ctx.Value(entryKey{}).(*entry); e != nil {
		e.table.mu.Lock()
		defer e.table.mu.Unlock()
		e.table.dropEntry(e)
	}
}

// closeSpare closes the connection that is needed least: the oldest without a
// request, or the longest idle one. It reports false when there is none.
func (t *Table) closeSpare() bool {
	t.mu.Lock()
	var spare *entry
	for k := range t.classes {
		if first := t.classes[k].idle.Front(); first != nil {
			spare = first.Value.(*entry)
			break
		}
	}
	t.dropEntry(spare)
	t.mu.Unlock()
	closeEntry(spare)
	return spare != nil
}

// noteFull counts a connection that was closed or refused because its kind is
// full, and returns the number for a warning; 0 = no warning now. The caller
// holds the lock.
func (t *Table) noteFull(k Kind, full bool) int {
	if !full {
		return 0
	}
	n := &t.noted[k]
	n.count++
	now := time.Now()
	if now.Sub(n.warned) < warnEvery {
		return 0
	}
	count := n.count
	n.count, n.warned = 0, now
	return count
}

func (t *Table) warnFull(k Kind, count int) {
	if count > 0 {
		t.log.Warn("too many "+k.String()+" are open; the longest idle are closed, and further ones are refused while all are in use. Find the program that opens them, or raise the limit of open files (LimitNOFILE=, ulimit -n)",
			"limit", t.classes[k].limit, "closed_or_refused", count)
	}
}

// closeEntry closes a connection without waiting; nil has no effect.
func closeEntry(e *entry) {
	if e != nil {
		_ = underlying(e.conn).Close() // TLS would write first, and might wait
	}
}

// underlying returns the connection below TLS.
func underlying(c net.Conn) net.Conn {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return c
}
