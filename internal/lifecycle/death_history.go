package lifecycle

import (
	"slices"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// lastingTries is the number of spawn errors in a row, of those that waiting
// does not heal, after which the restart policy gives up.
const lastingTries = 3

// portsAtOnce is how many deaths of a worker whose port was taken are followed
// by a restart without delay.
const portsAtOnce = 10

// DeathHistory is what the restart policy remembers of a worker's deaths. It
// holds facts only; decideRestart draws the conclusions. The zero value means
// no death.
type DeathHistory struct {
	Count       int         `json:"N"`      // deaths since the readiness last lasted for restart_reset
	EarlyInARow int         `json:"Early"`  // deaths in a row before the worker was ready for startsecs
	Recent      []time.Time `json:"Deaths"` // the deaths that can still matter to restart_limit, oldest first
	// InARow counts the deaths in a row without a healthy life between them. A
	// life is healthy when the worker was up and lived for restart_delay_max.
	InARow int `json:",omitempty"`
	// LastingInARow counts the spawn errors in a row that waiting does not heal.
	LastingInARow int `json:",omitempty"`
}

// deathFacts is one end that the initiator did not ask for.
type deathFacts struct {
	At         time.Time // with its monotonic reading, so that a step of the clock moves no window
	Class      report.ExitClass
	EarlyDeath bool          // before the worker was ready for startsecs
	Lived      time.Duration // from the start of the process, or from its order when there was no process
	Lasting    bool          // a spawn error that waiting does not heal
	Exit       string        // the exit as a clause, for the reason
	Task       string        // the task that ended the worker; "" = none is known
}

// endedHealthy reports whether the life that the death has ended was healthy.
func (d deathFacts) endedHealthy(policy plan.Restart) bool {
	return !d.EarlyDeath && d.Lived >= policy.DelayMax
}

// withDeath returns the history with one more death, without the deaths that no
// rule needs any more. It does not change the slice of p: a DeathHistory is a
// value. The loss of the keeper says nothing about the worker: only the delay
// of the restart depends on it.
func (p DeathHistory) withDeath(death deathFacts, policy plan.Restart) DeathHistory {
	p.Count++
	if death.Class == report.ExitKeeperLost {
		return p
	}
	p.EarlyInARow, p.InARow = p.rowsWith(death, policy)
	if p.LastingInARow++; !death.Lasting {
		p.LastingInARow = 0
	}
	p.Recent = p.recentWith(death.At, policy)
	return p
}

// rowsWith returns EarlyInARow and InARow with one more death. A port that
// another program has says nothing about the worker, unless no port is free
// again and again.
func (p DeathHistory) rowsWith(death deathFacts, policy plan.Restart) (early, inARow int) {
	early, inARow = p.EarlyInARow, p.InARow
	if death.Class == report.ExitPortTaken {
		if p.Count > portsAtOnce {
			inARow++
		}
		return early, inARow
	}
	if death.endedHealthy(policy) {
		inARow = 0
	}
	if !death.EarlyDeath {
		return 0, inARow + 1
	}
	return early + 1, inARow + 1
}

// recentWith returns Recent with one more death.
func (p DeathHistory) recentWith(at time.Time, policy plan.Restart) []time.Time {
	if policy.Limit <= 0 {
		return nil
	}
	seen := p.Recent
	for len(seen) > 0 && policy.Window > 0 && at.Sub(seen[0]) >= policy.Window {
		seen = seen[1:]
	}
	seen = seen[max(0, len(seen)-policy.Limit+1):]
	return append(slices.Clone(seen), at)
}
