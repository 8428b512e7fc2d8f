package main

import (
	"context"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
	"initiator/internal/supervise"
)

// explainLastKnown explains the last known state of workers after a request that
// was not answered, for the reason unanswered. It returns that error when an
// initiator can run, and when there is no last known state.
func (a *app) explainLastKnown(ctx context.Context, names []string, unanswered error) error {
	seen, err := a.ReadLastKnown(unanswered)
	if err != nil {
		return err
	}
	workers, err := cli.ChooseWorkersForAnswer(cli.LastKnownWorkers(seen), names)
	if err != nil {
		return err
	}
	path, err := a.LastKnownPath()
	if err != nil {
		return err
	}
	if err := a.AnnounceLastKnown(seen, path, unanswered); err != nil {
		return err
	}
	explanations := make([]report.Explanation, 0, len(workers))
	for _, w := range workers {
		explanations = append(explanations, supervise.ExplainLastKnown(w, seen.At))
	}
	reader, err := a.LogsOnDisk(seen)
	if err != nil {
		if err := a.Err.WriteLines("the last output is not shown: the INI cannot be read; `initiator check` says why"); err != nil {
			return err
		}
	} else {
		reader.AddLastOutput(ctx, explanations)
	}
	return a.showAnswers(map[string]any{"answers": explanations, "running": false}, explanations)
}
