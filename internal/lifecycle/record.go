package lifecycle

import (
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// Record is all that the table knows of one worker. It is a plain value: [Next]
// takes a record and returns another. The JSON form is stored; the tags keep
// the names of the stored form.
type Record struct {
	Spec   *plan.Spec `json:"-"` // the definition; never changed, but replaced after a reload
	Phase  Phase
	Reason string
	Since  time.Time // when the State (not the Phase) or the readiness last changed

	Wanted      bool // the worker should run
	Launched    bool // a request has added the worker to its pool (launch): it may end by itself
	Incarnation int  // of the process that runs or ran last; 0 = none yet
	PID         int  // 0 = none
	Attached    bool // the dispatcher has the worker
	Restarts    int  // processes that were started because an earlier process had died

	Began          time.Time // when this incarnation was ordered; its output is younger
	BeganBefore    time.Time `json:"Before"` // Began of the incarnation before; zero = there was none
	Started        time.Time // when the process was spawned
	Deadline       time.Time // when start_timeout, drain or the wait of this phase ends; zero = never
	MainDeadline   time.Time `json:",omitzero"`  // when the pidfile must name another main process; zero = the worker has a main process
	Ready          bool      `json:"Proved"`     // readiness is proven; startsecs may not have passed yet
	ReachedRunning bool      `json:"Up"`         // this process has been RUNNING
	SpokeContract  bool      `json:",omitempty"` // a process before this one has been ready
	AnnouncedStop  bool      `json:"Leaving"`    // the worker reported that it is stopping
	ReadySince     time.Time // start of the unbroken readiness; zero = not ready
	LastBeat       time.Time // the last WATCHDOG=1; zero = the worker sends none
	ProbeFailures  int       `json:"Failed"`   // failures of `probe` in a row
	RefusedConnect bool      `json:"Declined"` // the worker refused the dispatcher's connect and has not accepted one since
	MemoryMeasured time.Time `json:"Sampled"`  // when its memory was measured last, for recycle = rss
	NotReadyReason string    `json:"Hint"`     // why the last readiness probe failed
	Status         string    // the worker's own status line

	Cause               EndCause
	CauseReason         string       `json:"Why"`   // the reason of Cause, for the record of the exit
	Ended               report.Exit  `json:"Death"` // the exit of the process whose remaining processes are being ended
	LastExit            report.Exit  `json:"Last"`  // the last exit to which the restart policy was applied
	Rule                string       // the rule of the restart policy that applied last
	NextStart           time.Time    `json:"Next"`
	Deaths              DeathHistory `json:"Past"`
	EmptyProven         bool         `json:"Proven"` // after the last stop, it is known that no process is left
	Unattributed        []string     `json:"Strays"` // processes that the last stop could not attribute to a worker
	Leave               bool         // what its main process leaves is left: see LeaveDecision
	Left                int          // how many processes its last end has left
	FollowsDeath        bool         `json:"Retried"` // the next spawn follows a death
	DependenciesMissing bool         `json:"Blocked"` // PhaseWaiting: a dependency is not met
}

// State returns the state that people see. Between a death and a restart
// without delay it is BACKOFF; it is STOPPED only while the restart waits for a
// dependency.
func (r Record) State() report.State {
	if r.Phase == PhaseWaiting && r.FollowsDeath && !r.DependenciesMissing {
		return report.Backoff
	}
	return r.Phase.shownState()
}

// NextDeadline returns when the table needs a DeadlinePassed event; zero =
// never.
func (r Record) NextDeadline() time.Time {
	switch r.Phase {
	case PhaseBackoff:
		return r.NextStart
	case PhaseStarting:
		if r.AwaitsMain() {
			return earlierTime(r.Deadline, r.MainDeadline)
		}
		if r.Ready {
			return earlierTime(r.Deadline, r.Started.Add(r.Spec.StartSecs))
		}
		return r.Deadline
	case PhaseSpawning, PhaseDraining, PhaseEnding, PhaseClearing:
		return r.Deadline
	case PhaseUnready:
		return earlierTime(r.Deadline, r.MainDeadline)
	case PhaseReady:
		return earlierTime(earlierTime(earlierTime(r.ForgetDeathsAt(), r.recycleAt()), earlierTime(r.nextBeatDue(), r.measureMemoryAt())), r.MainDeadline)
	}
	return time.Time{}
}

// ForgetDeathsAt returns when the deaths so far are forgotten (restart_reset);
// zero = never.
func (r Record) ForgetDeathsAt() time.Time {
	if r.Deaths.Count == 0 && len(r.Deaths.Recent) == 0 || r.Spec.Restart.Reset <= 0 {
		return time.Time{}
	}
	return r.ReadySince.Add(r.Spec.Restart.Reset)
}

func (r Record) recycleAt() time.Time {
	if r.Spec.Restart.RecycleAge <= 0 {
		return time.Time{}
	}
	return r.Started.Add(r.Spec.Restart.RecycleAge)
}

// memoryInterval is how often the memory of a worker with recycle = rss is
// measured. A worker that sends heartbeats reports its memory as well, which
// does no harm.
const memoryInterval = 10 * time.Second

func (r Record) measureMemoryAt() time.Time {
	if r.Spec.Restart.RecycleRSS <= 0 {
		return time.Time{}
	}
	return laterTime(r.MemoryMeasured, r.Started).Add(memoryInterval)
}

// nextBeatDue returns when a worker that has sent WATCHDOG=1 must send the
// next; zero = never. A worker that has never sent one need not: many programs
// send only READY=1.
func (r Record) nextBeatDue() time.Time {
	if r.LastBeat.IsZero() || r.Spec.HeartbeatTolerance <= 0 {
		return time.Time{}
	}
	return r.LastBeat.Add(r.Spec.HeartbeatTolerance)
}

// earlierTime returns the earlier of two times; zero means never.
func earlierTime(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
