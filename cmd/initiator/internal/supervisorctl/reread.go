package supervisorctl

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/internal/api"
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
func changesByGroup(c api.Changes) (names []string, actions map[string]plan.Action) {
	actions = map[string]plan.Action{}
	for _, w := range c.Workers {
		group, _, _ := strings.Cut(w.Name, ":")
		before, known := actions[group]
		switch {
		case !known:
			actions[group] = w.Action
			names = append(names, group)
		case before != w.Action:
			actions[group] = plan.ActionRestart // of a part of the group
		}
		if w.Action == plan.ActionKeep && w.HasEffect() {
			actions[group] = plan.ActionRestart
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return actions[n] == plan.ActionKeep })
	slices.Sort(names)
	return names, actions
}

// rereadLines returns what `supervisorctl reread` prints.
func rereadLines(c api.Changes) (lines []string) {
	words := map[plan.Action]string{plan.ActionStart: "available", plan.ActionRestart: "changed", plan.ActionStop: "disappeared"}
	names, actions := changesByGroup(c)
	for _, name := range names {
		lines = append(lines, name+": "+words[actions[name]])
	}
	if len(lines) == 0 {
		return []string{"No config updates to processes"}
	}
	return lines
}
