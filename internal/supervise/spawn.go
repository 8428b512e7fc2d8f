package supervise

import (
	"errors"
	"net"
	"slices"
	"strconv"

	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/limits"
	"initiator/internal/plan"
	"initiator/internal/port"
	"initiator/internal/probe"
	"initiator/internal/webhook"
)

// spawnWorker launches the incarnation of the record: port, socket, token,
// before_start, process. Any failure is a spawn error with its reason.
func (l *loop) spawnWorker(w *worker) {
	if l.keeper == nil {
		l.delayedSpawns = append(l.delayedSpawns, pendingEvent{w, lifecycle.Event{Incarnation: w.rec.Incarnation}})
		return
	}
	if err := l.prepareSpawn(w); err != nil {
		l.failSpawn(w, err)
		return
	}
	if len(w.rec.Spec.BeforeStart) > 0 {
		l.startHook(w, "before", w.rec.Spec.BeforeStart, w.rec.Spec.StartTimeout)
		return
	}
	l.sendSpawn(w)
}

func (l *loop) failSpawn(w *worker, err error) {
	lasting := errors.As(err, new(limits.UnknownNameError)) || errors.As(err, new(lastingError))
	l.queueEvent(w, lifecycle.Event{Kind: lifecycle.SpawnFailed, Incarnation: w.rec.Incarnation, Reason: err.Error(), Lasting: lasting})
}

// lastingError is an error of a spawn that waiting does not heal.
type lastingError struct{ error }

// prepareSpawn acquires what the process will be given.
func (l *loop) prepareSpawn(w *worker) error {
	spec := w.rec.Spec
	unenforced, err := l.limiter.Prepare(spec)
	w.unenforced = nil
	if unenforced != "" {
		w.unenforced = []string{unenforced}
		if w.pool.warned != unenforced { // once for all workers of the pool
			w.pool.warned = unenforced
			l.log.Warn(unenforced, "worker", spec.Name)
		}
	}
	if err != nil {
		return err
	}
	if w.port != nil && w.socketLost {
		l.rebindPort(w)
	}
	if w.port != nil && !fitsSpec(w.port, spec) {
		l.releasePort(w)
	}
	if w.port == nil && spec.TakesPort() {
		if err := l.takePort(w); err != nil {
			return err
		}
	}
	if spec.Ready.Kind == "notify" {
		socket, err := probe.OpenNotifySocket(w.notifyOwner(), l.reportNotify)
		if err != nil {
			return err
		}
		w.socket = socket
	}
	if spec.Contract {
		w.token, w.session = webhook.NewToken(), lifecycle.Session{Token: webhook.NewToken()}
	}
	return nil
}

// sendSpawn sends the order for the process to the keeper.
func (l *loop) sendSpawn(w *worker) {
	order, err := l.spawnOrder(w, w.rec.Spec)
	if err != nil {
		l.failSpawn(w, err)
		return
	}
	if on := l.wantsOutput(w.rec.Spec, true); on != w.outputWatched || awaitsReadyLine(w.rec.Spec, true) != w.lineAwaited ||
		!slices.Equal(w.acknowledged, acknowledgedStreams(w.rec.Spec)) {
		l.watchOutput(w, on, true)
	}
	w.cgroup = order.CgroupDir
	if l.savesSnapshots && (w.isKept() || l.quiescing != nil) {
		w.saved = w.summarize()
		order.Snapshot, order.SnapshotSeq, order.OrphanGrace = l.encodeSnapshot(w), w.lastSeq, w.rec.Spec.OrphanGrace
		l.storeSnapshot(w, order.Snapshot)
	}
	if order.Stream = l.openStream(w); order.Stream != nil {
		defer func() { _ = order.Stream.Close() }()
	}
	if err := l.keeper.Spawn(order); err != nil && !errors.Is(err, keeper.ErrClosed) {
		l.failSpawn(w, err)
	}
}

// spawnOrder returns the order for the process of a definition, in plain values.
func (l *loop) spawnOrder(w *worker, spec *plan.Spec) (keeper.SpawnOrder, error) {
	inc := w.rec.Incarnation
	places := w.placeholders()
	order := keeper.SpawnOrder{
		GUID: w.guid, Incarnation: inc, Dir: l.workingDir(spec),
		Argv:       childArgv(spec, places),
		Env:        l.workerEnv(w, spec, places),
		PassSocket: w.port != nil && w.port.Mode == port.Inherit,
		NoFDs:      !spec.Contract,
		Stdout:     l.logOf(w, spec.Stdout), Stderr: l.logOf(w, spec.Stderr), RedirectStderr: spec.RedirectStderr,
		Keep: w.isKept(), FollowMain: spec.PIDFile != "", Tag: keeper.ProcessTag(l.opts.Mark, w.guid, inc),
	}
	order.ListenFDs = order.PassSocket && order.NoFDs
	if spec.Contract {
		order.Stdin = []byte{}
		if l.opts.Stdin != nil {
			order.Stdin = l.opts.Stdin(spec, w.guid, places.Port, inc, w.token)
		}
	}
	return order, l.limiter.Apply(&order, spec)
}

func (l *loop) workerEnv(w *worker, spec *plan.Spec, places plan.Placeholders) []string {
	from := initiatorEnv{l.environ, l.opts.ParentURL, l.opts.Mark, ownProgram()}
	env := from.childEnv(spec, l.limiter.UserVariables(spec), places, w.rec.Incarnation)
	if w.socket != nil {
		env = append(env, w.socket.Env(spec.HeartbeatTolerance)...)
	}
	return env
}

func (l *loop) workingDir(spec *plan.Spec) string {
	if spec.Directory != "" {
		return spec.Directory
	}
	return l.plan.Dir
}

// logOf returns where the keeper writes a stream. The initiator itself writes to
// its own outputs, which the keeper does not have.
func (l *loop) logOf(w *worker, log plan.Log) keeper.Log {
	path := w.logPath(log)
	if path == "" {
		return keeper.Log{}
	}
	return keeper.Log{
		Path: path, Block: w.rec.Spec.LogFull == plan.FullBlock, MaxBytes: log.MaxBytes, Backups: log.Backups, Timestamps: !log.Raw,
		Access: l.limiter.LogAccess(w.rec.Spec.LogFiles),
	}
}

// logPath returns the file of a stream; "" = none.
func (w *worker) logPath(log plan.Log) string {
	if !log.IsFile() {
		return ""
	}
	return log.PathFor(w.pool.spec.Name, w.guid, w.index)
}

// localAddress returns the address of the worker on this machine.
func localAddress(r *port.Reservation) string {
	host := r.Addr
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, strconv.Itoa(r.Port))
}
