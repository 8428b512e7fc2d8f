package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

func (a *app) availCommand() *cobra.Command {
	return &cobra.Command{
		Use: "avail", Short: "Show all definitions of the file; as `check`",
		Long: "Show all definitions of the file: whether they are in use, start by themselves\n(auto) or wait to be asked (manual), and the priorities of group and process.",
		Args: cobra.NoArgs,
		RunE: a.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) (err error) {
			var used []supervise.Worker
			if c != nil {
				if used, err = c.Workers(ctx); err != nil {
					return err
				}
			}
			rows := definitionRows(p, used)
			if a.Format.JSON {
				return a.Out.WriteJSON(map[string]any{"available": rows})
			}
			for _, r := range rows {
				if err := a.Out.WriteLines(r.textLine()); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// definitionRow is one definition.
type definitionRow struct {
	Name          string `json:"name"`
	InUse         bool   `json:"in_use"`
	Autostart     bool   `json:"autostart"`
	GroupPriority int    `json:"group_priority"`
	Priority      int    `json:"priority"`
}

func definitionRows(p *plan.Plan, used []supervise.Worker) []definitionRow {
	rows := make([]definitionRow, 0, len(p.Workers))
	for _, s := range p.Workers {
		o := definitionRow{Name: s.Name, Autostart: s.Autostart, GroupPriority: s.Priority, Priority: s.Priority}
		o.InUse = slices.ContainsFunc(used, func(w supervise.Worker) bool { return w.Name == s.Name })
		for _, g := range p.Groups {
			if g.Name == s.Group {
				o.GroupPriority = g.Priority
			}
		}
		rows = append(rows, o)
	}
	slices.SortStableFunc(rows, func(a, b definitionRow) int { return strings.Compare(a.processName(), b.processName()) })
	return rows
}

// processName is the name without its group, by which supervisorctl sorts here.
func (o definitionRow) processName() string { return o.Name[strings.Index(o.Name, ":")+1:] }

func (o definitionRow) textLine() string {
	use, start := "avail", "manual"
	if o.InUse {
		use = "in use"
	}
	if o.Autostart {
		start = "auto"
	}
	return fmt.Sprintf("%-32s %-9s %-9s %d:%d", o.Name, use, start, o.GroupPriority, o.Priority)
}

// ExitNoProcess is supervisorctl's exit code for the pid of what does not run.
const ExitNoProcess = 7

func (a *app) pidCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pid [NAME…|all]", Short: "Show the pid of the initiator, or of workers",
		Long:              "Show the pid of the initiator, or of workers. One that does not run has pid 0, and\nthen the exit code is 7.",
		ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				pids, code := []int{s.PID}, ExitOK
				if len(args) > 0 {
					chosen, err := ChooseWorkers(s.Workers, args)
					if err != nil {
						return err
					}
					pids, code = pidsOf(chosen, !slices.Contains(args, "all"))
				}
				if a.Format.JSON {
					err = a.Out.WriteJSON(map[string]any{"pids": pids})
				} else {
					err = a.Out.WriteLines(numberTexts(pids)...)
				}
				if err != nil {
					return err
				}
				return ExitWith(code)
			})
		},
	}
}

func pidsOf(list []supervise.Worker, named bool) (pids []int, code int) {
	for _, w := range SortByName(list, ProcessNames(list)) {
		pids = append(pids, w.PID)
		if w.PID == 0 && named {
			code = ExitNoProcess
		}
	}
	return pids, code
}

func numberTexts(numbers []int) (list []string) {
	for _, n := range numbers {
		list = append(list, strconv.Itoa(n))
	}
	return list
}
