package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

const statusLong = `Show every worker, or the workers that are named by definition, group or guid.

Where no initiator runs, status shows the last known state, and whether the last
initiator was shut down or crashed.

Exit codes, as LSB defines them for services: 0 all these workers are running; 3
some are not, or no initiator runs; 4 the state is unknown.`

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [NAME…]", Short: "Show the workers", Long: statusLong,
		ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			ctx, _, stop := cli.CatchSignals(cmd.Context(), cli.EndingSignals...)
			defer stop()
			s, err := c.Status(ctx)
			if err != nil {
				return a.showLastKnown(args, err)
			}
			names := supervisorctl.ProcessNames(s.Workers)
			if a.PrintsLikeSupervisorctl() {
				s.Workers = supervisorctl.SortByName(s.Workers, names) // in supervisorctl's order
			}
			if s.Workers, err = cli.ChooseWorkers(s.Workers, args); err != nil {
				return err
			}
			if err := a.showStatus(s, names, len(args) == 0); err != nil {
				return err
			}
			return cli.ExitWith(statusCode(s.Workers))
		},
	}
}

// unknownStatus separates "no initiator runs", which is an answer, from a state
// that is unknown.
func unknownStatus(err error) error {
	var gone *client.UnreachableError
	if errors.As(err, &gone) {
		if cli.NoInitiatorRuns(err) {
			return cli.NewFault(cli.ExitNotRunning, err, cli.StartAdvice(gone))
		}
		return cli.NewFault(cli.ExitStatusUnknown, err, cli.StartAdvice(gone))
	}
	return &cli.Fault{Code: cli.ExitStatusUnknown, Err: err}
}

// statusCode returns the exit code for these workers.
func statusCode(list []report.Worker) int {
	for _, w := range list {
		if w.State != report.Running || !w.Ready {
			return cli.ExitNotRunning
		}
	}
	return cli.ExitOK
}

// showStatus prints workers. Without names (all) it adds the tasks and the
// initiator.
func (a *app) showStatus(s report.Status, names map[string]string, all bool) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(s)
	}
	if a.PrintsLikeSupervisorctl() {
		return a.Out.WriteLines(supervisorctl.StatusLines(s.Workers, names, time.Now())...)
	}
	if err := statusTable(s.Workers, time.Now()).PrintTo(a.Out); err != nil {
		return err
	}
	if err := a.Out.WriteLines(adviceLines(s.Workers)...); err != nil || !all {
		return err
	}
	return a.Out.WriteLines(statusSummary(s)...)
}
