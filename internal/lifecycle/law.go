package lifecycle

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"initiator/internal/plan"
)

// DeathHistory is what the law remembers of a worker's deaths. The record of them is
// kept apart from the judgement on them, as s6 does. The zero value: none.
type DeathHistory struct {
	Count       int         `json:"N"`      // deaths since the last restart_reset of unbroken readiness
	EarlyInARow int         `json:"Early"`  // deaths in a row before readiness and startsecs
	Recent      []time.Time `json:"Deaths"` // those that can still matter to restart_limit, oldest first
}

// deathFacts is one end that we did not ask for.
type deathFacts struct {
	At         time.Time // with its monotonic reading: a clock step moves no window
	Class      ExitClass
	EarlyDeath bool   // before readiness and startsecs
	Exit       string // the exit as a clause, for the reason
}

// restartChoice is what the law decides.
type restartChoice int

// The rulings.
const (
	restartAgain   restartChoice = iota // start again at Verdict.Next
	stayExited                          // EXITED: this end is not one to restart after
	giveUpRestarts                      // FATAL
)

// RestartDecision is a ruling with its grounds. Rule is the rule that fired, in the
// words of the INI; Reason is a sentence.
type RestartDecision struct {
	Choice restartChoice
	Delay  time.Duration
	Next   time.Time
	Rule   string
	Reason string
}

// decideRestart is the one restart law: everything that decides whether and when a
// worker that has died starts again. random, in [0, 1), is the jitter. DESIGN
// section 4 is its source.
//
// The order of its parts: autorestart and exitcodes say whether a restart is
// wanted at all, unless retry_early takes the death for a failed start; startretries and restart_limit whether there have been too
// many; then the delay says when.
func decideRestart(law plan.Restart, past DeathHistory, death deathFacts, random float64) (DeathHistory, RestartDecision) {
	past = past.withDeath(death, law)
	if rule, wanted := wantsRestart(law, death.Class); !wanted && !(law.RetryEarly && death.EarlyDeath) {
		return past, decideExited(death, rule)
	}
	if law.Retries > 0 && past.EarlyInARow >= law.Retries {
		rule := fmt.Sprintf("startretries = %d", law.Retries)
		return past, decideFatal(death, rule, fmt.Sprintf("%s in a row before it was up", countNoun(past.EarlyInARow, "death")))
	}
	if law.Limit > 0 && len(past.Recent) >= law.Limit {
		rule := fmt.Sprintf("restart_limit = %d/%s", law.Limit, FormatDuration(law.Window))
		return past, decideFatal(death, rule, fmt.Sprintf("%s within %s", countNoun(len(past.Recent), "death"), FormatDuration(law.Window)))
	}
	return past, decideAgain(law, past, death, random)
}

// wantsRestart says whether the class is one to restart after, and by which rule.
func wantsRestart(law plan.Restart, class ExitClass) (rule string, wanted bool) {
	switch {
	case law.Auto == "false":
		return "autorestart = false", false
	case law.Auto == "true":
		return "autorestart = true", true
	case class == ExitClean:
		return "autorestart = unexpected", false
	default:
		return "autorestart = unexpected", true
	}
}

// decideExited rests the worker: EXITED, or FATAL when there never was a process, for
// a worker that nobody could start has not exited.
func decideExited(death deathFacts, rule string) RestartDecision {
	if death.Class == ExitSpawnError {
		return decideFatal(death, rule, "it cannot be started, and no restart is wanted")
	}
	return RestartDecision{Choice: stayExited, Rule: rule, Reason: death.Exit + "; not started again (" + rule + ")"}
}

func decideFatal(death deathFacts, rule, why string) RestartDecision {
	return RestartDecision{Choice: giveUpRestarts, Rule: rule, Reason: fmt.Sprintf("%s; given up: %s (%s)", death.Exit, why, rule)}
}

// decideAgain says when. A worker whose port a stranger took is not to blame: it
// goes on at once with the next port, although restart_limit counts it.
func decideAgain(law plan.Restart, past DeathHistory, death deathFacts, random float64) RestartDecision {
	n := past.Count - 1 // past already holds this death; the law counts those before it
	v := RestartDecision{Choice: restartAgain, Rule: fmt.Sprintf("restart %d", past.Count)}
	if death.Class == ExitPortTaken {
		v.Rule = "next port"
	} else {
		v.Delay = restartDelay(law, n, random)
	}
	v.Next = death.At.Add(v.Delay)
	when := "at once"
	if v.Delay > 0 {
		when = "in " + FormatDuration(v.Delay)
	}
	v.Reason = fmt.Sprintf("%s; started again %s (%s%s)", death.Exit, when, v.Rule, limitSuffix(law, past))
	return v
}

// restartDelay is zero for the first death after a healthy life, and then
// min(max, delay·factor^(n−1)), moved by at most ±jitter.
func restartDelay(law plan.Restart, n int, random float64) time.Duration {
	if n <= 0 || law.Delay <= 0 {
		return 0
	}
	d := float64(law.Delay) * math.Pow(math.Max(law.Factor, 1), float64(n-1))
	if limit := float64(law.DelayMax); law.DelayMax > 0 && d > limit {
		d = limit
	}
	d *= 1 + law.Jitter*(2*random-1)
	return time.Duration(math.Min(math.Max(d, 0), float64(math.MaxInt64/2)))
}

// withDeath returns the past with one more death, without those that no rule can
// see any more. It never changes the slice that it was given: a Past is a value.
func (p DeathHistory) withDeath(death deathFacts, law plan.Restart) DeathHistory {
	p.Count++
	if death.EarlyDeath {
		p.EarlyInARow++
	} else {
		p.EarlyInARow = 0
	}
	if law.Limit <= 0 {
		p.Recent = nil
		return p
	}
	seen := p.Recent
	for len(seen) > 0 && law.Window > 0 && death.At.Sub(seen[0]) >= law.Window {
		seen = seen[1:]
	}
	seen = seen[max(0, len(seen)-law.Limit+1):]
	p.Recent = append(slices.Clone(seen), death.At)
	return p
}

func limitSuffix(law plan.Restart, past DeathHistory) string {
	if law.Limit <= 0 {
		return ""
	}
	return fmt.Sprintf(", death %d of %d in %s", len(past.Recent), law.Limit, FormatDuration(law.Window))
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

// FormatDuration rounds a duration to what a person wants to read.
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
