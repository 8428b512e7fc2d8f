package supervise

import (
	"slices"

	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// LeftProcess is a process that a worker has left and that is not ended
// (leave_descendants), or that such a process has started. It belongs to no
// worker. Name and GUID name the worker that has left it.
type LeftProcess struct {
	PID     int    `json:"pid"`
	Command string `json:"command,omitempty"` // of now; in a stored list ""
	Name    string `json:"name,omitempty"`
	GUID    string `json:"guid,omitempty"`
	// StartTime is when it began, in clock ticks since boot. PID and StartTime
	// together never name another process.
	StartTime uint64 `json:"start"`
	cgroup    string
}

func (p LeftProcess) isSame(other LeftProcess) bool {
	return p.PID == other.PID && p.StartTime == other.StartTime
}

// leftTable is what is known of left processes. Only the loop uses it.
type leftTable struct {
	current []LeftProcess // as the keeper reported them last
	earlier []LeftProcess // of keepers before; some may have ended
}

// all returns every process once.
func (t *leftTable) all() []LeftProcess {
	list := slices.Clone(t.current)
	for _, p := range t.earlier {
		if !slices.ContainsFunc(list, p.isSame) {
			list = append(list, p)
		}
	}
	return list
}

// setLeft records what the keeper knows of left processes.
func (l *loop) setLeft(e keeper.Event) {
	known := l.left.all()
	l.left.current = nil
	for _, p := range e.Left {
		left := LeftProcess{PID: p.PID, StartTime: p.StartTime, GUID: p.GUID, cgroup: p.Cgroup}
		if w := l.workers[p.GUID]; w != nil {
			left.Name = w.pool.spec.Name
		} else if at := slices.IndexFunc(known, func(k LeftProcess) bool { return k.GUID == p.GUID }); at >= 0 {
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
	list := l.left.all()
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

// runningOnly returns the processes that run.
func runningOnly(list []LeftProcess) (running []LeftProcess) {
	for _, p := range list {
		if start, runs := processStart(p.PID); runs && start == p.StartTime {
			running = append(running, p)
		}
	}
	return running
}

// LeftProcesses returns the left processes that run, also those of earlier
// initiators of the same state directory. Linux only; elsewhere it returns
// nothing.
func (s *Supervisor) LeftProcesses() []LeftProcess {
	list := s.leftPublished.Load()
	if list == nil {
		return nil
	}
	return RunningLeft(*list)
}

// RunningLeft returns the processes of a stored list that still run, with their
// commands.
func RunningLeft(list []LeftProcess) []LeftProcess {
	running := runningOnly(list)
	for i := range running {
		p := &running[i]
		if p.Command = procfs.CommandLine(p.PID); p.Command == "" {
			p.Command = procfs.CommandName(p.PID)
		}
	}
	return running
}
