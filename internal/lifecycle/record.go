package lifecycle

import (
	"time"

	"initiator/internal/plan"
)

// Record is all that the table knows of one worker. It is a plain value: next
// takes one and returns another.
type Record struct {
	Spec   *plan.Spec `json:"-"` // never changed; another one after a reload
	Phase  Phase
	Reason string
	Since  time.Time // when State (not Phase) or readiness last changed

	Wanted      bool // somebody wants it up
	Incarnation int  // of the process that runs or last ran; 0 = none yet
	PID         int  // 0 = none
	Attached    bool // the dispatcher has it
	Restarts    int  // processes started because an earlier one had died

	Began          time.Time // when this incarnation was asked for; its output is younger
	BeganBefore    time.Time `json:"Before"` // … and the one before it; zero = there was none
	Started        time.Time // when the process was spawned
	Deadline       time.Time // when start_timeout, drain, or the patience of this phase ends
	Ready          bool      `json:"Proved"`  // readiness was proven; startsecs may not have passed
	ReachedRunning bool      `json:"Up"`      // this process has been RUNNING
	AnnouncedStop  bool      `json:"Leaving"` // it said that it is stopping
	ReadySince     time.Time // unbroken readiness began; zero = not ready
	LastBeat       time.Time // the last WATCHDOG=1; zero = it does not send them
	ProbeFailures  int       `json:"Failed"`   // looks by `probe`, in a row, that found it unwell
	RefusedConnect bool      `json:"Declined"` // it refused the dispatcher's connect, and has not accepted one since
	MemoryMeasured time.Time `json:"Sampled"`  // when its memory was looked at last, for recycle = rss
	NotReadyReason string    `json:"Hint"`     // why the last probe was not satisfied
	Status         string    // what the worker says of itself

	Cause               EndCause
	CauseReason         string       `json:"Why"`   // the reason of Cause, for the record of the death
	Ended               Exit         `json:"Death"` // of the process whose leftovers are being ended
	LastExit            Exit         `json:"Last"`  // the last exit that was judged
	Rule                string       // the rule of the law that fired last
	NextStart           time.Time    `json:"Next"`
	Deaths              DeathHistory `json:"Past"`
	EmptyProven         bool         `json:"Proven"`  // the last stop was proven empty
	Unattributed        []string     `json:"Strays"`  // processes that the last stop could not attribute
	FollowsDeath        bool         `json:"Retried"` // the next spawn follows a death
	DependenciesMissing bool         `json:"Blocked"` // waiting: something it comes after is missing
}

// State is what people are shown. Between a death and a restart without delay
// that is BACKOFF, and STOPPED only when it has to wait for something.
func (r Record) State() State {
	if r.Phase == PhaseWaiting && r.FollowsDeath && !r.DependenciesMissing {
		return Backoff
	}
	return r.Phase.shownState()
}

// NextDeadline returns when the table wants a tick; zero = never.
func (r Record) NextDeadline() time.Time {
	switch r.Phase {
	case PhaseBackoff:
		return r.NextStart
	case PhaseStarting:
		if r.Ready {
			return earlierTime(r.Deadline, r.Started.Add(r.Spec.StartSecs))
		}
		return r.Deadline
	case PhaseSpawning, PhaseDraining, PhaseEnding, PhaseClearing, PhaseUnready:
		return r.Deadline
	case PhaseReady:
		return earlierTime(earlierTime(r.ForgetDeathsAt(), r.recycleAt()), earlierTime(r.nextBeatDue(), r.measureMemoryAt()))
	}
	return time.Time{}
}

// ForgetDeathsAt is when the deaths so far are forgotten.
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

// memoryInterval is how often a worker with recycle = rss is looked at. One that
// beats says it itself, which does no harm.
const memoryInterval = 10 * time.Second

func (r Record) measureMemoryAt() time.Time {
	if r.Spec.Restart.RecycleRSS <= 0 {
		return time.Time{}
	}
	return laterTime(r.MemoryMeasured, r.Started).Add(memoryInterval)
}

// nextBeatDue is when a worker that has sent WATCHDOG=1 must have sent the next. A
// worker that has never sent one is not held to it: many send only READY=1.
func (r Record) nextBeatDue() time.Time {
	if r.LastBeat.IsZero() || r.Spec.HeartbeatTolerance <= 0 {
		return time.Time{}
	}
	return r.LastBeat.Add(r.Spec.HeartbeatTolerance)
}

// earlierTime returns the earlier of two times of which zero means never.
func earlierTime(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
