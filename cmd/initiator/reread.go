package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/api"
	"initiator/internal/plan"
)

func (a *app) rereadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reread", Short: "Show which groups differ in the file; as `plan`",
		Long: "Show which groups of the file are new (available), differ (changed) or have gone\n(disappeared). Nothing is changed; `initiator plan` shows which keys make it so.",
		Args: cobra.NoArgs,
		RunE: a.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) error {
			changes, err := ReadChanges(ctx, p, c)
			if err != nil {
				return err
			}
			if a.Format.JSON {
				return a.Out.WriteJSON(changes)
			}
			return a.Out.WriteLines(rereadLines(changes)...)
		}),
	}
}

// changesByGroup is what becomes of each group, in the order of their names.
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
			actions[group] = plan.ActionRestart // of some of it
		}
		if w.Action == plan.ActionKeep && w.Changed() {
			actions[group] = plan.ActionRestart
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return actions[n] == plan.ActionKeep })
	slices.Sort(names)
	return names, actions
}

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

func (a *app) updateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "update [all]", Short: "Make what runs be what the file says; as `reload`",
		Long: "Read the file again, and start, stop and restart what differs, as `initiator\nreload` does. Other than supervisorctl's it leaves alone the processes of a\nchanged group that are what they were.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !slices.Contains(args, "all") {
				return UsageFault(fmt.Errorf("update %s: one group alone cannot be updated; whatever does not differ is left alone anyway", args[0]))
			}
			return a.Reload(cmd, a.showUpdate)
		},
	}
}

func (a *app) showUpdate(c api.Changes) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(c)
	}
	return a.Out.WriteLines(updateLines(c)...)
}

func updateLines(c api.Changes) (lines []string) {
	names, actions := changesByGroup(c)
	for _, name := range names {
		switch actions[name] {
		case plan.ActionStop:
			lines = append(lines, name+": stopped", name+": removed process group")
		case plan.ActionRestart:
			lines = append(lines, name+": stopped", name+": updated process group")
		case plan.ActionStart:
			lines = append(lines, name+": added process group")
		}
	}
	return lines
}
