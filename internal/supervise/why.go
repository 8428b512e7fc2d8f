package supervise

import (
	"context"
	"fmt"
	"strings"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
)

// ExplainWorkers explains the named workers; names are as in Start.
func (s *Supervisor) ExplainWorkers(ctx context.Context, names ...string) (answers []report.Explanation, err error) {
	var found []report.Explanation
	err = s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseWorkers(names)
		for _, w := range chosen {
			e := Explain(w.makeView(), time.Now())
			if silence := l.keeperSilence(); silence != "" {
				e.Sentence = strings.TrimSuffix(e.Sentence, ".") + "; " + silence + "."
			}
			found = append(found, e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Explain makes the sentence: the state and since when, the reason, the last
// exit and its class, the rule that applied last, when the next start is due,
// which dependencies are not met, and what to do. It is pure.
func Explain(w report.Worker, now time.Time) report.Explanation {
	return explain(w, now, adviseOn(w))
}

// ExplainLastKnown makes the sentence for the last known state of a worker, as it
// was at that time, when no initiator runs: without commands for an initiator.
// The time of a zero Since is not known.
func ExplainLastKnown(w report.Worker, at time.Time) report.Explanation { return explain(w, at, "") }

func explain(w report.Worker, now time.Time, advice string) report.Explanation {
	a := report.Explanation{Worker: w}
	reason, advised := lifecycle.CutAdvice(w.Reason)
	state := fmt.Sprintf("%s has been %s for %s: %s", workerLabel(w), statePhrase(w), lifecycle.FormatDuration(now.Sub(w.Since)), reason)
	if w.Since.IsZero() {
		state = fmt.Sprintf("%s was %s: %s", workerLabel(w), statePhrase(w), reason)
	}
	parts := []string{state}
	if !w.NextStart.IsZero() {
		a.NextIn = lifecycle.FormatDuration(max(0, w.NextStart.Sub(now)))
		parts = append(parts, "the next start is due in "+a.NextIn)
	}
	if len(w.WaitsFor) > 0 && !strings.Contains(w.Reason, w.WaitsFor[0]) {
		parts = append(parts, "it waits for "+strings.Join(w.WaitsFor, ", "))
	}
	if e := w.LastExit; e.Class != "" && !strings.Contains(w.Reason, e.String()) {
		how := e.String()
		if e.Reason != "" {
			how = e.Reason + "; " + e.String()
		}
		ended := fmt.Sprintf("the previous process ended %s ago (%s)", lifecycle.FormatDuration(now.Sub(e.At)), how)
		if e.Task != "" {
			ended += "; task " + e.Task + " ended it"
		}
		parts = append(parts, ended)
	}
	if w.Rule != "" && !strings.Contains(w.Reason, w.Rule) {
		parts = append(parts, "the rule that applied last: "+w.Rule)
	}
	parts = append(parts, w.Unenforced...)
	parts = append(parts, w.LogFaults...)
	if w.Status != "" {
		parts = append(parts, "its status: "+w.Status)
	}
	if advised {
		parts = append(parts, lifecycle.PlainProgramAdvice)
	}
	if advice != "" {
		parts = append(parts, advice)
	}
	a.Sentence = strings.Join(parts, "; ") + "."
	return a
}

// adviseOn says what a person can do about a worker that does not run; "" = the
// rest of the sentence says it, or nothing needs to be done.
func adviseOn(w report.Worker) string {
	switch w.State {
	case report.Fatal:
		return "mend the cause, then `initiator start " + w.Name + "` starts it"
	case report.Backoff:
		return "`initiator start " + w.Name + "` starts it at once"
	case report.Exited:
		return "`initiator start " + w.Name + "` starts it again"
	}
	return ""
}

func workerLabel(w report.Worker) string { return w.Name + " (" + shortGUID(w.GUID) + ")" }

func shortGUID(guid string) string {
	if len(guid) > 8 {
		return guid[:8]
	}
	return guid
}

func statePhrase(w report.Worker) string {
	if w.State == report.Running && !w.Ready {
		return "RUNNING but not ready"
	}
	return w.State.String()
}
