package main

import (
	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// showLastKnown prints the last known state after the error of a request. Where
// there is none, or it is unknown whether an initiator runs, it returns an error.
func (a *app) showLastKnown(names []string, unanswered error) error {
	seen, err := a.ReadLastKnown(unanswered)
	if err != nil {
		return unknownStatus(err)
	}
	workers, err := cli.ChooseWorkers(cli.LastKnownWorkers(seen), names)
	if err != nil {
		return err
	}
	if err := a.printLastKnown(seen, workers); err != nil {
		return err
	}
	return cli.ExitWith(cli.ExitNotRunning)
}

// printLastKnown prints the last known state.
func (a *app) printLastKnown(seen statedir.LastKnownState, workers []report.Worker) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]any{"running": false, "last_seen": seen})
	}
	if err := a.Out.WriteLines(cli.LastKnownLine(seen)); err != nil {
		return err
	}
	if err := statusTable(workers, seen.At).PrintTo(a.Out); err != nil { // uptimes are those of the last known state
		return err
	}
	return a.Out.WriteLines(leftLines(supervise.RunningLeft(seen.LeftInBoot(statedir.CurrentBoot())))...)
}
