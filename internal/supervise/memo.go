package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// memoVersion is the version of what a memo means. Members may be added to it
// at will: unknown ones are ignored, missing ones are zero. It rises only when
// an older program would do harm with a newer memo.
const memoVersion = 1

// memo is all that must be known of a worker to go on with it: this package
// leaves it with the keeper, and finds it there after a death or an upgrade of
// the initiator. It holds secrets.
type memo struct {
	V    int
	At   time.Time     // by the wall clock …
	Boot time.Duration // … and by the one that nobody sets

	Name     string
	Index    int
	Of       int               // how many workers the pool then had
	Replicas int               // as the file then said
	Made     map[string]string // plan.Fingerprint of what the process was made from
	Stop     stopping          // how to end it when the file knows it no more

	Record  lifecycle.Record
	Token   string
	Session Session
	Port    *memoPort
	Notify  string // the directory of its NOTIFY_SOCKET
	Logs    memoLogs
	Proof   memoProof
}

type stopping struct {
	Signal      string
	Wait, Drain time.Duration
}

type memoPort struct {
	Number     int
	Addr, Mode string
}

// memoProof says how the process can show that it is the worker.
type memoProof struct {
	Ping    bool // it answers GET /ping with its token's proof
	Channel int
	Addr    string // host:port
}

// memoLogs are the files that a keeper writes to, for one that adopts.
type memoLogs struct {
	Stdout, Stderr keeper.Log
	Redirect       bool
	Cgroup         string
}

// Session is what the dispatcher has agreed upon with an incarnation.
type Session struct {
	// Token is chosen here, before the process is started, so that there is
	// never one that nobody knows.
	Token string
	// Slots and Blunt are what the worker answered; Known says that it did.
	Slots  int
	Legacy bool `json:"Blunt"` // it speaks no more than ding.interaction
	Known  bool
}

// summary is the part of a worker whose change makes its memo out of date.
type summary struct {
	spec                         *plan.Spec
	phase                        lifecycle.Phase
	incarnation, restarts, pid   int
	n, early, deaths, of, port   int
	wanted, proved, up, attached bool
	leaving, declined            bool
	cause                        lifecycle.EndCause
	last, ready, deadline, began time.Time
	seen                         uint64
	session                      Session
}

func (w *worker) summary() summary {
	r := &w.rec
	s := summary{
		spec: r.Spec, phase: r.Phase, incarnation: r.Incarnation, restarts: r.Restarts, pid: r.PID,
		n: r.Deaths.Count, early: r.Deaths.EarlyInARow, deaths: len(r.Deaths.Recent), of: len(w.pool.workers),
		wanted: r.Wanted, proved: r.Ready, up: r.ReachedRunning, attached: r.Attached, leaving: r.Stopping, declined: r.RefusedConnect,
		cause: r.Cause, last: r.LastExit.At, ready: r.ReadySince, deadline: r.Deadline, began: r.Began,
		seen: w.seen, session: w.session,
	}
	if w.port != nil {
		s.port = w.port.Port
	}
	return s
}

// memo describes a worker as it is now.
func (l *loop) memo(w *worker) []byte {
	spec := w.rec.Spec
	m := memo{
		V: memoVersion, At: time.Now(), Boot: sinceBoot(),
		Name: w.pool.spec.Name, Index: w.index, Of: len(w.pool.workers), Replicas: w.pool.spec.Replicas,
		Made: l.fingerprint(spec), Stop: stopping{spec.StopSignal, spec.StopWait, spec.Drain},
		Record: w.rec, Token: w.token, Session: w.session,
	}
	if w.port != nil {
		m.Port = &memoPort{w.port.Port, w.port.Addr, w.port.Mode}
		m.Proof = memoProof{spec.Contract && spec.Protocol == "webhook" && w.rec.ReachedRunning, spec.Channel, address(w.port)}
	}
	if w.socket != nil {
		m.Notify = w.socket.Dir()
	}
	m.Logs = memoLogs{w.logTo(spec.Stdout), w.logTo(spec.Stderr), spec.RedirectStderr, w.cgroup}
	blob, err := json.Marshal(m)
	if err != nil { // only plain values are in it
		l.log.Error("memo "+w.guid, "error", err)
	}
	return blob
}

// fingerprint is computed once for each spec: a spec never changes. See forgetMade.
func (l *loop) fingerprint(spec *plan.Spec) map[string]string {
	made, ok := l.made[spec]
	if !ok {
		self, _ := os.Executable() // unknown = it is named nowhere
		made = plan.Fingerprint(l.plan, spec, self)
		l.made[spec] = made
	}
	return made
}

// forgetMade drops what was computed for specs of which nothing is made any
// more: each reload brings others.
func (l *loop) forgetMade() {
	used := map[*plan.Spec]bool{}
	for _, w := range l.order {
		used[w.rec.Spec], used[w.next] = true, true
	}
	maps.DeleteFunc(l.made, func(spec *plan.Spec, _ map[string]string) bool { return !used[spec] })
}

// readMemo reads what an earlier process of this program has left.
func readMemo(blob []byte) (memo, error) {
	var m memo
	if len(blob) == 0 {
		return m, errors.New("nobody has left a memo of it")
	}
	if err := json.Unmarshal(blob, &m); err != nil {
		return m, fmt.Errorf("its memo cannot be read: %w", err)
	}
	if m.V != memoVersion {
		return m, fmt.Errorf("its memo is of version %d, and this program reads %d", m.V, memoVersion)
	}
	return m, nil
}
