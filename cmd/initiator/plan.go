package main

import (
	"context"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/plan"
)

const planLong = `Show what a reload would do with each worker definition (keep, start, stop or
restart) and the keys that differ, and how a stop ends the workers: whom the stop
signal reaches, and when KILL follows. Nothing is changed. Where no initiator runs,
everything would be started.

Exit codes: 0 a reload would change nothing; 1 it would change something; 2 the INI
has faults.`

func (a *app) planCommand() *cobra.Command {
	return &cobra.Command{
		Use: "plan", Short: "Show what a reload would change", Long: planLong, Args: cobra.NoArgs,
		RunE: a.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) error {
			changes, err := cli.ReadChanges(ctx, p, c)
			if err != nil {
				return err
			}
			describeStops(p, changes)
			if err := a.showChanges(changes); err != nil {
				return err
			}
			if anyChange(changes) {
				return cli.ExitWith(cli.ExitFailed)
			}
			return nil
		}),
	}
}

// describeStops adds to each definition how a stop ends its workers.
func describeStops(p *plan.Plan, changes report.Changes) {
	for i := range changes.Workers {
		if s, known := p.FindSpec(changes.Workers[i].Name); known {
			changes.Workers[i].Stop = s.DescribeStop()
		}
	}
}
