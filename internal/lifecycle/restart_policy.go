package lifecycle

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

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
// delay. No limit counts the loss of the keeper either.
//
// It applies the rules in this order. autorestart and exitcodes say whether a
// restart is wanted, unless retry_early makes the death a failed start. Then
// reachedLimit says whether there were too many deaths, and restartDelay when
// the restart takes place. Without a limit the worker is started again for
// ever.
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
	if rule, why := reachedLimit(policy, history); why != "" && death.Class != report.ExitKeeperLost {
		return history, decideFatal(death, rule, why)
	}
	return history, decideAgain(policy, history, death, random)
}

// reachedLimit returns the limit that the deaths have reached, in the words of
// the INI, and how; why is "" when they have reached none. A startretries in
// the INI takes the place of the limit for errors that waiting does not heal.
func reachedLimit(policy plan.Restart, history DeathHistory) (rule, why string) {
	switch {
	case policy.Retries > 0 && history.EarlyInARow >= policy.Retries:
		return cmp.Or(policy.Assumed.Retries, fmt.Sprintf("startretries = %d", policy.Retries)), countNoun(history.EarlyInARow, "death") + " in a row before it was up"
	case policy.Retries == 0 && history.LastingInARow >= lastingTries:
		return "waiting does not heal this error", countNoun(history.LastingInARow, "failed start") + " in a row"
	case policy.Limit > 0 && len(history.Recent) >= policy.Limit:
		window := FormatDuration(policy.Window)
		return cmp.Or(policy.Assumed.Limit, "restart_limit = "+plan.RateText(policy.Limit, policy.Window)), countNoun(len(history.Recent), "death") + " within " + window
	}
	return "", ""
}

// wantsRestart returns whether autorestart wants a restart after the class, and
// the rule in the words of the INI.
func wantsRestart(policy plan.Restart, class report.ExitClass) (rule string, wanted bool) {
	auto := cmp.Or(policy.Auto, plan.AutoRestartUnexpected)
	rule = cmp.Or(policy.Assumed.Auto, "autorestart = "+auto)
	return rule, auto == "true" || auto == plan.AutoRestartUnexpected && class != report.ExitClean
}

// decideExited returns the decision without a restart: EXITED, or FATAL when no
// process was started, because a worker that never ran has not exited.
func decideExited(death deathFacts, rule string) RestartDecision {
	if death.Class == report.ExitSpawnError {
		return decideFatal(death, rule, "it cannot be started, and no restart is wanted")
	}
	return RestartDecision{Choice: stayExited, Rule: rule, Reason: death.Exit + "; will not be restarted (" + rule + ")"}
}

func decideFatal(death deathFacts, rule, why string) RestartDecision {
	return RestartDecision{Choice: giveUpRestarts, Rule: rule, Reason: fmt.Sprintf("%s; given up: %s (%s)", death.Exit, why, rule)}
}

// decideAgain returns when to restart. A worker whose port another program took
// gets the next port.
func decideAgain(policy plan.Restart, history DeathHistory, death deathFacts, random float64) RestartDecision {
	v := RestartDecision{Choice: restartAgain, Rule: fmt.Sprintf("restart %d", history.Count), Delay: delayAgain(policy, history, death, random)}
	if death.Class == report.ExitPortTaken {
		v.Rule = "next port"
	}
	limit := limitSuffix(policy, history)
	if death.Class == report.ExitKeeperLost {
		v.Rule, limit = "not a death of the worker", ""
	}
	v.Next = death.At.Add(v.Delay)
	v.Reason = fmt.Sprintf("%s; will be restarted %s (%s%s)", death.Exit, describeDelay(v.Delay), v.Rule, limit)
	return v
}

// delayAgain returns the delay of a restart. history holds this death, too; the
// delay depends on the deaths before it. A worker whose port was taken is not to
// blame, and the first portsAtOnce ports are tried at once.
//
// With retry_early the delays are supervisord's: restart_delay times the number
// of failed starts in a row, and none after a death that was no failed start.
// supervisord looks at its programs once a second, so that it starts none more
// often, also with startsecs = 0; restart_delay has this effect here.
func delayAgain(policy plan.Restart, history DeathHistory, death deathFacts, random float64) time.Duration {
	n := history.Count - 1
	switch {
	case death.Class == report.ExitPortTaken:
		return restartDelay(policy, n-portsAtOnce, random)
	case policy.RetryEarly && death.EarlyDeath:
		return boundDelay(policy, float64(policy.Delay)*float64(history.EarlyInARow), random)
	case policy.RetryEarly:
		return max(0, policy.Delay-death.Lived)
	}
	return restartDelay(policy, n, random)
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
	return boundDelay(policy, float64(policy.Delay)*math.Pow(math.Max(policy.Factor, 1), float64(n-1)), random)
}

// boundDelay returns a delay of at most restart_delay_max, changed by at most
// ±jitter.
func boundDelay(policy plan.Restart, d, random float64) time.Duration {
	if limit := float64(policy.DelayMax); policy.DelayMax > 0 && d > limit {
		d = limit
	}
	d *= 1 + policy.Jitter*(2*random-1)
	return time.Duration(math.Min(math.Max(d, 0), float64(math.MaxInt64/2)))
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
