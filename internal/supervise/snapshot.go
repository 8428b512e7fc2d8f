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

// snapshotVersion is the version of the meaning of a snapshot. Members can be
// added without a new version: unknown members are ignored, missing members are
// zero. It rises only when an older program would do harm with a newer
// snapshot.
const snapshotVersion = 1

// snapshot is what the next initiator must know of a worker to go on with it.
// The supervisor saves it with the keeper and finds it there after a death or
// an upgrade of the initiator. It holds secrets.
type snapshot struct {
	V    int
	At   time.Time     // by the wall clock
	Boot time.Duration // by the clock that is never set

	Name     string
	Index    int
	Of       int               // the number of workers of the pool at that time
	Replicas int               // the number in the file at that time
	Made     map[string]string // plan.Fingerprint of the definition from which the process was made
	Stop     snapshotStop      // how to end it when the file has no such definition any more

	Record  lifecycle.Record
	Token   string
	Session lifecycle.Session
	Port    *snapshotPort
	Notify  string // the directory of its NOTIFY_SOCKET
	Logs    snapshotLogs
	// Unenforced are the settings that are not in force in the process.
	Unenforced []string `json:",omitempty"`
	Proof      snapshotProof

	Mark    string                  // Options.Mark when the process was started
	Escaped []keeper.EscapedProcess // its descendants that have left its session
	// FollowMain and FirstStart are for the order of a keeper that adopts the worker.
	FollowMain bool   `json:",omitempty"`
	FirstStart uint64 `json:",omitempty"`
}

type snapshotStop struct {
	Signal      string
	Wait, Drain time.Duration
	AsGroup     string // "" of an older program = plan.GroupAuto
	Leave       string // "" of an older program = plan.LeaveNone
}

type snapshotPort struct {
	Number     int
	Addr, Mode string
}

// snapshotProof says how the process can prove that it is the worker.
type snapshotProof struct {
	Ping    bool // it answers GET /ping with a proof of its token
	Channel int
	Addr    string // host:port
}

// snapshotLogs are the files that an adopting keeper writes to.
type snapshotLogs struct {
	Stdout, Stderr keeper.Log
	Redirect       bool
	Cgroup         string
}

// summary is the part of a worker that makes its snapshot out of date when it
// changes.
type summary struct {
	spec                              *plan.Spec
	phase                             lifecycle.Phase
	incarnation, restarts, pid        int
	n, early, deaths, of, port        int
	wanted, ready, up, attached       bool
	announcedStop, refusedConnect     bool
	cause                             lifecycle.EndCause
	last, readySince, deadline, began time.Time
	mainDeadline                      time.Time
	lastSeq                           uint64
	session                           lifecycle.Session
	escapedChanges                    int
}

func (w *worker) summarize() summary {
	r := &w.rec
	s := summary{
		spec: r.Spec, phase: r.Phase, incarnation: r.Incarnation, restarts: r.Restarts, pid: r.PID,
		n: r.Deaths.Count, early: r.Deaths.EarlyInARow, deaths: len(r.Deaths.Recent), of: len(w.pool.workers),
		wanted: r.Wanted, ready: r.Ready, up: r.ReachedRunning, attached: r.Attached, announcedStop: r.AnnouncedStop, refusedConnect: r.RefusedConnect,
		cause: r.Cause, last: r.LastExit.At, readySince: r.ReadySince, deadline: r.Deadline, began: r.Began, mainDeadline: r.MainDeadline,
		lastSeq: w.lastSeq, session: w.session, escapedChanges: w.escapedChanges,
	}
	if w.port != nil {
		s.port = w.port.Port
	}
	return s
}

// encodeSnapshot returns the snapshot of a worker.
func (l *loop) encodeSnapshot(w *worker) []byte {
	spec := w.rec.Spec
	m := snapshot{
		V: snapshotVersion, At: time.Now(), Boot: sinceBoot(),
		Name: w.pool.spec.Name, Index: w.index, Of: len(w.pool.workers), Replicas: w.pool.spec.Replicas,
		Made: l.specFingerprint(spec), Stop: snapshotStop{spec.StopSignal, spec.StopWait, spec.Drain, spec.StopAsGroup, spec.LeaveDescendants},
		Record: w.rec, Token: w.token, Session: w.session, Mark: l.opts.Mark, Escaped: w.escaped,
		FollowMain: spec.PIDFile != "", FirstStart: w.firstStart,
	}
	if w.port != nil {
		m.Port = &snapshotPort{w.port.Port, w.port.Addr, w.port.Mode}
		m.Proof = snapshotProof{spec.Contract && spec.Protocol == "webhook" && w.rec.ReachedRunning, spec.Channel, localAddress(w.port)}
	}
	if w.socket != nil {
		m.Notify = w.socket.Dir()
	}
	m.Unenforced = w.unenforced
	m.Logs = snapshotLogs{l.logOf(w, spec.Stdout), l.logOf(w, spec.Stderr), spec.RedirectStderr, w.cgroup}
	blob, err := json.Marshal(m)
	if err != nil { // impossible: it holds only plain values
		l.log.Error("encode the snapshot of a worker", "worker", w.pool.spec.Name, "guid", w.guid, "error", err)
	}
	return blob
}

// specFingerprint computes the fingerprint of a definition once, since a
// definition never changes. See forgetFingerprints.
func (l *loop) specFingerprint(spec *plan.Spec) map[string]string {
	made, ok := l.fingerprints[spec]
	if !ok {
		self, _ := os.Executable() // "" = unknown: it is in no fingerprint then
		made = plan.Fingerprint(l.plan, spec, self)
		l.fingerprints[spec] = made
	}
	return made
}

// forgetFingerprints removes the fingerprints of definitions that no worker
// uses any more: each reload brings new definitions.
func (l *loop) forgetFingerprints() {
	used := map[*plan.Spec]bool{}
	for _, w := range l.order {
		used[w.rec.Spec], used[w.nextSpec] = true, true
	}
	maps.DeleteFunc(l.fingerprints, func(spec *plan.Spec, _ map[string]string) bool { return !used[spec] })
}

// decodeSnapshot reads a snapshot that an earlier initiator has saved.
func decodeSnapshot(blob []byte) (snapshot, error) {
	var m snapshot
	if len(blob) == 0 {
		return m, errors.New("no snapshot of the process was saved")
	}
	if err := json.Unmarshal(blob, &m); err != nil {
		return m, fmt.Errorf("the snapshot of the process cannot be read: %w", err)
	}
	if m.V != snapshotVersion {
		return m, fmt.Errorf("the snapshot of the process has version %d, and this program reads version %d", m.V, snapshotVersion)
	}
	return m, nil
}
