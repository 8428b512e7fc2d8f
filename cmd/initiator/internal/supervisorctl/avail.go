package supervisorctl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/plan"
)

func (v *verbs) availCommand() *cobra.Command {
	return &cobra.Command{
		Use: "avail", Short: "Show all definitions of the file; as `check`",
		Long: "Show all definitions of the file: whether they are in use, whether they start\nautomatically (auto) or on request (manual), and the priorities of group and process.",
		Args: cobra.NoArgs,
		RunE: v.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) (err error) {
			var used []report.Worker
			if c != nil {
				if used, err = c.Workers(ctx); err != nil {
					return err
				}
			}
			rows := definitionRows(p, used)
			if v.Format.JSON {
				return v.Out.WriteJSON(map[string]any{"available": rows})
			}
			for _, r := range rows {
				if err := v.Out.WriteLines(r.textLine()); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// definitionRow is a definition in JSON.
type definitionRow struct {
	Name          string `json:"name"`
	InUse         bool   `json:"in_use"`
	Autostart     bool   `json:"autostart"`
	GroupPriority int    `json:"group_priority"`
	Priority      int    `json:"priority"`
}

// definitionRows returns the definitions of a plan in supervisorctl's order.
func definitionRows(p *plan.Plan, used []report.Worker) []definitionRow {
	rows := make([]definitionRow, 0, len(p.Workers))
	for _, s := range p.Workers {
		o := definitionRow{Name: s.Name, Autostart: s.Autostart, GroupPriority: s.Priority, Priority: s.Priority}
		o.InUse = slices.ContainsFunc(used, func(w report.Worker) bool { return w.Name == s.Name })
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

// processName returns the name without its group, by which supervisorctl sorts.
func (o definitionRow) processName() string { return o.Name[strings.Index(o.Name, ":")+1:] }

// textLine returns the line of a definition as supervisorctl prints it.
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
