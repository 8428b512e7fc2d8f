package supervisorctl

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/plan"
)

func (v *verbs) rereadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reread", Short: "Show which groups differ in the file; as `plan`",
		Long: "Show which groups of the file are new (available), changed, or removed\n(disappeared). Nothing is applied; `initiator plan` shows the keys that differ.",
		Args: cobra.NoArgs,
		RunE: v.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) error {
			changes, err := cli.ReadChanges(ctx, p, c)
			if err != nil {
				return err
			}
			if v.Format.JSON {
				return v.Out.WriteJSON(changes)
			}
			return v.Out.WriteLines(rereadLines(changes)...)
		}),
	}
}

// changesByGroup returns the groups that differ, in alphabetical order, and the
// action for each group.
func changesByGroup(c report.Changes) (names []string, actions map[string]report.Action) {
	actions = map[string]report.Action{}
	for _, w := range c.Workers {
		group, _, _ := strings.Cut(w.Name, ":")
		before, known := actions[group]
		switch {
		case !known:
			actions[group] = w.Action
			names = append(names, group)
		case before != w.Action:
			actions[group] = report.ActionRestart // of a part of the group
		}
		if w.Action == report.ActionKeep && w.HasEffect() {
			actions[group] = report.ActionRestart
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return actions[n] == report.ActionKeep })
	slices.Sort(names)
	return names, actions
}

// rereadLines returns what `supervisorctl reread` prints.
func rereadLines(c report.Changes) (lines []string) {
	words := map[report.Action]string{report.ActionStart: "available", report.ActionRestart: "changed", report.ActionStop: "disappeared"}
	names, actions := changesByGroup(c)
	for _, name := range names {
		lines = append(lines, name+": "+words[actions[name]])
	}
	if len(lines) == 0 {
		return []string{"No config updates to processes"}
	}
	return lines
}
