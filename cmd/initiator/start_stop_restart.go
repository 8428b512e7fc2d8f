package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

// workerVerbs are the help texts of start, stop and restart.
var workerVerbs = map[string]struct{ short, long string }{
	"start": {
		"Start workers and wait until they are ready",
		"Start workers by definition, group or guid, or all of them, and the workers that they\ncome after (the key after). start returns when each worker is ready, was given up or\nhas died three times in a row, or a later request has replaced this one; the exit code\nis 1 when a worker is not ready.",
	},
	"stop": {
		"Stop workers and wait until none of their processes is left",
		"Stop workers by definition, group or guid, or all of them. Running tasks may end\nfirst. stop returns when none of their processes is left, and says whether that is\nproven, or how many processes leave_descendants has left.",
	},
	"restart": {
		"Restart workers",
		"Stop and start workers by definition, group or guid, or all of them. restart returns\nwhen the new processes are ready, or have died three times in a row; the exit code is\n1 when a worker is not ready. The check_command of the workers runs first; when one\nfails, nothing is changed.",
	},
}

// workerVerbCommand returns start, stop or restart.
func (a *app) workerVerbCommand(verb string) *cobra.Command {
	rolling, dryRun := false, false
	cmd := &cobra.Command{
		Use: verb + " NAME…|all", Short: workerVerbs[verb].short, Long: workerVerbs[verb].long,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dryRun && !rolling {
				return cli.UsageFault(errors.New("--dry-run shows the order of --rolling: give both"))
			}
			then := ""
			if rolling {
				then = "the restart of the current worker goes on, and the workers after it are not restarted"
			}
			return a.WithWaiting(cmd, args, then, func(ctx context.Context, c *client.Client) error {
				order := map[string]workerOrder{"start": c.Start, "stop": c.Stop, "restart": c.Restart}[verb]
				if rolling {
					order = c.RestartRolling
				}
				if dryRun {
					order = c.RestartOrder
				}
				return a.changeWorkers(ctx, c, verb, order, args)
			})
		},
	}
	a.AddWaitFlag(cmd.Flags())
	if verb == "restart" {
		cmd.Flags().BoolVar(&rolling, "rolling", false, "restart one worker after the other, each ready before the next; end at the first failure")
		cmd.Flags().BoolVar(&dryRun, "dry-run", false, "with --rolling, show the order and change nothing")
	}
	return cmd
}

// workerOrder is a request of the client about named workers.
type workerOrder func(context.Context, ...string) ([]report.Result, error)

// changeWorkers gives an order for workers, and prints the result for each.
func (a *app) changeWorkers(ctx context.Context, c *client.Client, verb string, order workerOrder, args []string) error {
	all, err := c.Workers(ctx)
	if err != nil {
		return err
	}
	results, err := order(ctx, cli.ExpandNames(all, args)...)
	var partly *client.PartialError
	if err != nil && !errors.As(err, &partly) {
		return err
	}
	if err := a.showResults(verb, results, supervisorctl.RecordBefore(all, args)); err != nil && partly == nil {
		return err
	}
	return cli.NotReadyFault(partly)
}

// showResults prints the result for each worker.
func (a *app) showResults(verb string, results []report.Result, was supervisorctl.Before) error {
	failed := 0
	t := terminal.Table{Head: []string{"NAME", "GUID", "STATE", "PID", "PORT", "REASON"}, Optional: []int{3, 4, 5, 1}}
	t.Colour = func(column int, cell string) string {
		if column != 2 {
			return ""
		}
		return terminal.StateColour(cell)
	}
	for _, r := range results {
		if r.Error != "" {
			failed++
		}
		t.Rows = append(t.Rows, []string{
			r.Worker.Name, terminal.ShortGUID(r.Worker.GUID), terminal.StateName(r.Worker), terminal.NumberOrDash(r.Worker.PID), terminal.NumberOrDash(r.Worker.Port), resultReason(r),
		})
	}
	if a.Format.JSON {
		if err := a.Out.WriteJSON(map[string]any{"results": results}); err != nil {
			return err
		}
	} else if a.PrintsLikeSupervisorctl() {
		if err := a.Out.WriteLines(was.ResultLines(verb, results)...); err != nil {
			return err
		}
		if left := leftByRequest(results); left != "" {
			_ = a.Err.WriteLines(left + " (leave_descendants); `initiator -o text status` names the processes") // stdout has supervisorctl's form
		}
	} else if err := t.PrintTo(a.Out); err != nil {
		return err
	}
	if failed > 0 {
		return &cli.Fault{Code: cli.ExitFailed, Err: fmt.Errorf("%d of %s failed", failed, terminal.Plural(len(results), "worker"))}
	}
	return nil
}

// resultReason returns the reason of the state, and after a stop whether
// processes can be left.
func resultReason(r report.Result) string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Note != "":
		return r.Note
	case r.Worker.State != report.Stopped && r.Left > 0:
		return fmt.Sprintf("%s; left %d", r.Worker.Reason, r.Left)
	case r.Worker.State != report.Stopped:
		return r.Worker.Reason
	case r.Left > 0: // the reason has the number
		return r.Worker.Reason
	case r.EmptyProven:
		return r.Worker.Reason + "; no process is left (proven)"
	}
	return r.Worker.Reason + "; no process is left as far as visible (best effort)"
}
