package initiator

import (
	"context"
	"strings"

	"initiator/internal/api"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// fewLines is how much of the end of a log explains a death: an exception's
// name stands in the last of them, and its place a few above.
const fewLines = 10

// Why explains in a sentence each why workers are as they are. Of one whose
// process has died it also tells what that wrote last.
func (in *Initiator) Why(ctx context.Context, names ...string) ([]supervise.Explanation, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	answers, err := in.supervisor.ExplainWorkers(ctx, names...)
	for i := range answers {
		answers[i].LastOutput = in.lastWords(ctx, answers[i].Worker)
	}
	return answers, err
}

// lastWords are the last lines of a process that should not have ended. A log
// that cannot be read is no reason to withhold the rest of the answer.
func (in *Initiator) lastWords(ctx context.Context, w supervise.Worker) (words []string) {
	q, mourned := obituary(w)
	if !mourned {
		return nil
	}
	for _, q.Stream = range []string{"stderr", "stdout"} {
		err := in.Logs(ctx, w.GUID, q, func(lines []api.LogLine) error {
			for _, l := range lines {
				words = append(words, bare(l))
			}
			return nil
		})
		if err == nil && len(words) > 0 {
			return words
		}
	}
	return nil
}

// obituary says where in the logs the last words of a worker's process stand,
// and whether they are of interest: not when it ended well, or has a healthy
// successor, or was told to stop.
func obituary(w supervise.Worker) (q api.LogQuery, mourned bool) {
	q.Tail = fewLines
	switch {
	case w.LastExit.Class == "" || w.LastExit.Class == lifecycle.ExitClean:
		return q, false
	case w.State == lifecycle.Backoff, w.State == lifecycle.Fatal, w.State == lifecycle.Exited:
		q.Since = w.Began
		return q, true
	case w.State == lifecycle.Starting:
		q.Previous = true
		return q, true
	}
	return q, false
}

// bare is a line without the time that the keeper has put before it.
func bare(l api.LogLine) string {
	if l.At.IsZero() {
		return l.Line
	}
	_, text, _ := strings.Cut(l.Line, " ")
	return text
}
