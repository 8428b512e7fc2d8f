package lifecycle

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"initiator/internal/plan"
)

// DeathHistory is what the restart policy remembers of a worker's deaths. It
// holds facts only; decideRestart draws the conclusions. The zero value means
// no death.
type DeathHistory struct {
	Count       int         `json:"N"`      // deaths since the readiness last lasted for restart_reset
	EarlyInARow int         `json:"Early"`  // deaths in a row before the worker was ready for startsecs
	Recent      []time.Time `json:"Deaths"` // the deaths that can still matter to restart_limit, oldest first
}

// deathFacts is one end that the initiator did not ask for.
type deathFacts struct {
	At         time.Time // with its monotonic reading, so that a step of the clock moves no window
	Class      ExitClass
	EarlyDeath bool   // before the worker was ready for startsecs
	Exit       string // the exit as a clause, for the reason
	Task       string // the task that ended the worker; "" = none is known
}

// restartChoice is the result of the restart policy.
type restartChoice int

// The choices.
const (
	restartAgain   restartChoice = iota // start again at RestartDecision.Next
	stayExited                          // EXITED: no restart is wanted after this exit
	giveUpRestarts                      // FATAL
)

// RestartDecision is a choice with its reason. Rule is the rule that applied,
// in the words of the INI; Reason is a sentence.
type RestartDecision struct {
	Choice restartChoice
	Delay  time.Duration
	Next   time.Time
	Rule   string
	Reason string
}

// decideRestart is the restart policy: it decides whether and when a worker
// that has died is started again. random, in [0, 1), is the jitter.
//
// A death that a task caused is charged to the task: it does not enter the
// history, and no limit counts it. The worker is started again after the first
// delay.
//
// It applies the rules in this order. autorestart and exitcodes say whether a
// restart is wanted, unless retry_early makes the death a failed start.
// startretries and restart_limit say whether there were too many deaths. Then
// the delay says when.
func decideRestart(policy plan.Restart, history DeathHistory, death deathFacts, random float64) (DeathHistory, RestartDecision) {
	byTask := death.Task != ""
	if !byTask {
		history = history.withDeath(death, policy)
	}
	if rule, wanted := wantsRestart(policy, death.Class); !wanted && !(policy.RetryEarly && death.EarlyDeath) {
		return history, decideExited(death, rule)
	}
	if byTask {
		return history, decideAfterTask(policy, death, random)
	}
	if policy.Retries > 0 && history.EarlyInARow >= policy.Retries {
		rule := fmt.Sprintf("startretries = %d", policy.Retries)
		return history, decideFatal(death, rule, fmt.Sprintf("%s in a row before it was up", countNoun(history.EarlyInARow, "death")))
	}
	if policy.Limit > 0 && len(history.Recent) >= policy.Limit {
		rule := fmt.Sprintf("restart_limit = %d/%s", policy.Limit, FormatDuration(policy.Window))
		return history, decideFatal(death, rule, fmt.Sprintf("%s within %s", countNoun(len(history.Recent), "death"), FormatDuration(policy.Window)))
	}
	return history, decideAgain(policy, history, death, random)
}

// wantsRestart returns whether autorestart wants a restart after the class, and
// the rule in the words of the INI.
func wantsRestart(policy plan.Restart, class ExitClass) (rule string, wanted bool) {
	switch {
	case policy.Auto == "false":
		return "autorestart = false", false
	case policy.Auto == "true":
		return "autorestart = true", true
	case class == ExitClean:
		return "autorestart = unexpected", false
	default:
		return "autorestart = unexpected", true
	}
}

// decideExited returns the decision without a restart: EXITED, or FATAL when no
// process was started, because a worker that never ran has not exited.
func decideExited(death deathFacts, rule string) RestartDecision {
	if death.Class == ExitSpawnError {
		return decideFatal(death, rule, "it cannot be started, and no restart is wanted")
	}
	return RestartDecision{Choice: stayExited, Rule: rule, Reason: death.Exit + "; will not be restarted (" + rule + ")"}
}

func decideFatal(death deathFacts, rule, why string) RestartDecision {
	return RestartDecision{Choice: giveUpRestarts, Rule: rule, Reason: fmt.Sprintf("%s; given up: %s (%s)", death.Exit, why, rule)}
}

// decideAgain returns when to restart. A worker whose port another program took
// restarts at once with the next port, because it is not to blame. startretries
// does not count the death; restart_limit does.
func decideAgain(policy plan.Restart, history DeathHistory, death deathFacts, random float64) RestartDecision {
	n := history.Count - 1 // past holds this death, too; the delay depends on the deaths before it
	v := RestartDecision{Choice: restartAgain, Rule: fmt.Sprintf("restart %d", history.Count)}
	if death.Class == ExitPortTaken {
		v.Rule = "next port"
	} else {
		v.Delay = restartDelay(policy, n, random)
	}
	v.Next = death.At.Add(v.Delay)
	v.Reason = fmt.Sprintf("%s; will be restarted %s (%s%s)", death.Exit, describeDelay(v.Delay), v.Rule, limitSuffix(policy, history))
	return v
}

// decideAfterTask returns when to restart a worker that a task has ended.
func decideAfterTask(policy plan.Restart, death deathFacts, random float64) RestartDecision {
	v := RestartDecision{Choice: restartAgain, Rule: "ended by a task", Delay: restartDelay(policy, 1, random)}
	v.Next = death.At.Add(v.Delay)
	v.Reason = fmt.Sprintf("%s; task %s ended it, which does not count against the worker; will be restarted %s", death.Exit, death.Task, describeDelay(v.Delay))
	return v
}

// describeDelay returns when a restart will take place.
func describeDelay(d time.Duration) string {
	if d <= 0 {
		return "at once"
	}
	return "in " + FormatDuration(d)
}

// restartDelay returns 0 for the first death after a healthy life, and then
// min(max, delay·factor^(n−1)), changed by at most ±jitter.
func restartDelay(policy plan.Restart, n int, random float64) time.Duration {
	if n <= 0 || policy.Delay <= 0 {
		return 0
	}
	d := float64(policy.Delay) * math.Pow(math.Max(policy.Factor, 1), float64(n-1))
	if limit := float64(policy.DelayMax); policy.DelayMax > 0 && d > limit {
		d = limit
	}
	d *= 1 + policy.Jitter*(2*random-1)
	return time.Duration(math.Min(math.Max(d, 0), float64(math.MaxInt64/2)))
}

// withDeath returns the history with one more death, without the deaths that no
// rule needs any more. It does not change the slice of p: a DeathHistory is a
// value.
func (p DeathHistory) withDeath(death deathFacts, policy plan.Restart) DeathHistory {
	p.Count++
	switch {
	case death.Class == ExitPortTaken: // says nothing about the worker
	case death.EarlyDeath:
		p.EarlyInARow++
	default:
		p.EarlyInARow = 0
	}
	if policy.Limit <= 0 {
		p.Recent = nil
		return p
	}
	seen := p.Recent
	for len(seen) > 0 && policy.Window > 0 && death.At.Sub(seen[0]) >= policy.Window {
		seen = seen[1:]
	}
	seen = seen[max(0, len(seen)-policy.Limit+1):]
	p.Recent = append(slices.Clone(seen), death.At)
	return p
}

func limitSuffix(policy plan.Restart, history DeathHistory) string {
	if policy.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf(", death %d of %d in %s", len(history.Recent), policy.Limit, FormatDuration(policy.Window))
}

func countNoun(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// FormatDuration rounds a duration for people: "10m", "12s", "1.25s", "3ms".
func FormatDuration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		// 10m, not 10m0s
		whole := strings.Replace(d.Round(time.Second).String(), "m0s", "m", 1)
		return strings.Replace(whole, "h0m", "h", 1)
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
