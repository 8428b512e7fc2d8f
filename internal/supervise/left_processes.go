package supervise

import (
	"slices"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// leftProcess is a left process as the loop knows it.
type leftProcess struct {
	report.LeftProcess
	cgroup string // in which it is; "" = unknown
}

func (p leftProcess) isSame(other leftProcess) bool {
	return p.PID == other.PID && p.StartTime == other.StartTime
}

// leftTable is what is known of left processes. Only the loop uses it.
type leftTable struct {
	current []leftProcess // as the keeper reported them last
	earlier []leftProcess // of keepers before; some may have ended
}

// all returns every process once.
func (t *leftTable) all() []leftProcess {
	list := slices.Clone(t.current)
	for _, p := range t.earlier {
		if !slices.ContainsFunc(list, p.isSame) {
			list = append(list, p)
		}
	}
	return list
}

// report returns every process as people see it.
func (t *leftTable) report() (list []report.LeftProcess) {
	for _, p := range t.all() {
		list = append(list, p.LeftProcess)
	}
	return list
}

// setLeft records what the keeper knows of left processes.
func (l *loop) setLeft(e keeper.Event) {
	known := l.left.all()
	l.left.current = nil
	for _, p := range e.Left {
		left := leftProcess{report.LeftProcess{PID: p.PID, StartTime: p.StartTime, GUID: p.GUID}, p.Cgroup}
		if w := l.workers[p.GUID]; w != nil {
			left.Name = w.pool.spec.Name
		} else if at := slices.IndexFunc(known, func(k leftProcess) bool { return k.GUID == p.GUID }); at >= 0 {
			left.Name = known[at].Name
		}
		l.left.current = append(l.left.current, left)
	}
	l.left.earlier = runningOnly(l.left.earlier)
	l.publishLeft()
	if l.opts.OnProcesses != nil {
		l.opts.OnProcesses()
	}
}

// forgetKeeperOfLeft goes on without the keeper that has reported the processes.
func (l *loop) forgetKeeperOfLeft() {
	l.left = leftTable{earlier: runningOnly(l.left.all())}
	l.publishLeft()
}

func (l *loop) publishLeft() {
	list := l.left.report()
	l.leftPublished.Store(&list)
}

// cgroupsOfLeft returns the cgroups in which left processes are.
func (l *loop) cgroupsOfLeft() (dirs []string) {
	for _, p := range l.left.all() {
		if p.cgroup != "" {
			dirs = append(dirs, p.cgroup)
		}
	}
	return dirs
}

// asEarlier returns the processes of a stored list.
func asEarlier(list []report.LeftProcess) (earlier []leftProcess) {
	for _, p := range list {
		earlier = append(earlier, leftProcess{LeftProcess: p})
	}
	return earlier
}

// runningOnly returns the processes that run.
func runningOnly(list []leftProcess) (running []leftProcess) {
	for _, p := range list {
		if stillRuns(p.LeftProcess) {
			running = append(running, p)
		}
	}
	return running
}

// stillRuns reports whether the process has not ended.
func stillRuns(p report.LeftProcess) bool {
	start, runs := processStart(p.PID)
	return runs && start == p.StartTime
}

// LeftProcesses returns the left processes that run, also those of earlier
// initiators of the same state directory. Linux only; elsewhere it returns
// nothing.
func (s *Supervisor) LeftProcesses() []report.LeftProcess {
	list := s.leftPublished.Load()
	if list == nil {
		return nil
	}
	return RunningLeft(*list)
}

// RunningLeft returns the processes of a stored list that still run, with their
// commands.
func RunningLeft(list []report.LeftProcess) (running []report.LeftProcess) {
	for _, p := range list {
		if !stillRuns(p) {
			continue
		}
		if p.Command = procfs.CommandLine(p.PID); p.Command == "" {
			p.Command = procfs.CommandName(p.PID)
		}
		running = append(running, p)
	}
	return running
}
