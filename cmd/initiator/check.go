package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/plan"
	"initiator/proactor"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Read the INI and show what it defines, or all of its faults",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, warnings, err := a.InspectPlan()
			var faults proactor.Faults
			switch {
			case errors.As(err, &faults) && a.Format.JSON:
				if err := a.Out.WriteJSON(map[string]any{"ok": false, "faults": cli.FaultRows(faults), "warnings": append([]string{}, warnings...)}); err != nil {
					return err
				}
				return cli.ExitWith(cli.ExitUsage)
			case err != nil:
				return errors.Join(err, a.printWarnings(warnings))
			case a.Format.JSON:
				return a.Out.WriteJSON(map[string]any{"ok": true, "file": p.File, "warnings": append([]string{}, warnings...), "workers": workerRows(p), "schedules": scheduleRows(p)})
			}
			if err := a.showPlan(p); err != nil {
				return err
			}
			return a.printWarnings(warnings)
		},
	}
}

// showPlan prints the workers and schedules of a plan.
func (a *app) showPlan(p *plan.Plan) error {
	t := terminal.Table{Head: []string{"NAME", "REPLICAS", "SLOTS", "PORT", "READY", "AFTER", "RUNS"}, Optional: []int{5, 4, 3, 2, 1}}
	for _, r := range workerRows(p) {
		after := strings.Join(r.After, ", ")
		if after == "" {
			after = "-"
		}
		t.Rows = append(t.Rows, []string{
			r.Name, strconv.Itoa(r.Replicas), strconv.Itoa(r.Slots), r.Port, r.Ready, after, shellQuoted(r.Argv),
		})
	}
	if err := t.PrintTo(a.Out); err != nil {
		return err
	}
	if len(p.Schedules) > 0 {
		t := terminal.Table{Head: []string{"SCHEDULE", "WHEN", "TASK", "DATA"}, Optional: []int{3}}
		for _, r := range scheduleRows(p) {
			t.Rows = append(t.Rows, []string{r.Name, r.When, r.Task, string(r.Data)})
		}
		if _, err := fmt.Fprintln(a.Out); err != nil {
			return err
		}
		if err := t.PrintTo(a.Out); err != nil {
			return err
		}
	}
	return nil
}

// printWarnings prints warnings on stderr.
func (a *app) printWarnings(warnings []string) error {
	for _, w := range warnings {
		if _, err := fmt.Fprintln(a.Err, terminal.Printable(w)); err != nil {
			return err
		}
	}
	return nil
}
