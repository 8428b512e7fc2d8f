package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/api"
	"initiator/internal/plan"
	"initiator/proactor"
)

const planLong = `Show what a reload would do with each worker definition: keep, start, stop or
restart, and the keys that make it so. Nothing is changed. Where no initiator
runs, everything would be started.

Exit codes: 0 nothing would change, 1 something would, 2 the INI has faults.`

func (a *app) planCommand() *cobra.Command {
	return &cobra.Command{
		Use: "plan", Short: "Show what a reload would change", Long: planLong, Args: cobra.NoArgs,
		RunE: a.WithPlan(func(ctx context.Context, p *plan.Plan, c *client.Client) error {
			changes, err := ReadChanges(ctx, p, c)
			if err != nil {
				return err
			}
			if err := a.showChanges(changes); err != nil {
				return err
			}
			if anyChange(changes) {
				return ExitWith(ExitFailed)
			}
			return nil
		}),
	}
}

// WithPlan begins a verb that reads the file and, where one runs, asks the
// initiator; where none does, the client is nil.
func (a *app) WithPlan(do func(context.Context, *plan.Plan, *client.Client) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		p, err := a.ReadPlan()
		if err != nil {
			return a.ReportBadPlan(err)
		}
		return a.WithOptionalClient(cmd, func(ctx context.Context, c *client.Client) error { return do(ctx, p, c) })
	}
}

// ReadChanges asks the initiator that runs, or, where there is none, compares
// with nothing.
func ReadChanges(ctx context.Context, p *plan.Plan, c *client.Client) (api.Changes, error) {
	if c == nil {
		return api.Changes{Workers: plan.Diff(nil, p)}, nil
	}
	return c.Changes(ctx)
}

// ReportBadPlan shows the faults of an INI, in JSON where that was asked for.
func (a *app) ReportBadPlan(err error) error {
	var faults proactor.Faults
	if !a.Format.JSON || !errors.As(err, &faults) {
		return err
	}
	if err := a.Out.WriteJSON(map[string]any{"ok": false, "faults": FaultRows(faults)}); err != nil {
		return err
	}
	return ExitWith(ExitUsage)
}

// anyChange says whether anything differs; a key of [initiator] that waits for
// the next start counts as well.
func anyChange(c api.Changes) bool {
	for _, w := range c.Workers {
		if w.Changed() {
			return true
		}
	}
	return len(c.Settings) > 0 || len(c.Schedules) > 0
}

func (a *app) showChanges(c api.Changes) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(c)
	}
	t := Table{Head: []string{"NAME", "ACTION", "KEYS"}, Colour: func(column int, cell string) string {
		if column != 1 {
			return ""
		}
		return actionColour(plan.Action(cell))
	}}
	for _, w := range c.Workers {
		t.Rows = append(t.Rows, []string{w.Name, string(w.Action), changedKeys(w)})
	}
	if err := t.PrintTo(a.Out); err != nil {
		return err
	}
	if len(c.Schedules) > 0 {
		if err := a.Out.WriteLines("other schedules: " + strings.Join(c.Schedules, ", ")); err != nil {
			return err
		}
	}
	if len(c.Settings) > 0 {
		return a.Out.WriteLines("at the next start of the initiator: " + strings.Join(c.Settings, ", "))
	}
	return nil
}

// changedKeys are the keys that differ; of a definition that is kept they take
// effect as it runs.
func changedKeys(c plan.Change) string {
	switch {
	case len(c.Keys) == 0:
		return "-"
	case c.Action == plan.ActionKeep:
		return strings.Join(c.Keys, ", ") + " (without a restart)"
	}
	return strings.Join(c.Keys, ", ")
}

func actionColour(action plan.Action) string {
	switch action {
	case plan.ActionStart:
		return ColourGood
	case plan.ActionRestart:
		return ColourBusy
	case plan.ActionStop:
		return ColourBad
	}
	return ""
}

func (a *app) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Make what runs be what the INI says",
		Long: "Read the INI again and touch only what differs, as `initiator plan` shows it; HUP\nto `initiator up` does the same. An INI with faults changes nothing. It returns\nwhen everything new or changed is ready; the exit code is 1 when something is not.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.Reload(cmd, a.showChanges)
		},
	}
}

// Reload makes what runs be what the file says, and shows what that was.
func (a *app) Reload(cmd *cobra.Command, show func(api.Changes) error) error {
	if _, err := a.ReadPlan(); err != nil { // so that faults are told line by line
		return a.ReportBadPlan(err)
	}
	return a.WithClient(cmd, func(ctx context.Context, c *client.Client) error {
		changes, err := c.Reload(ctx)
		var partly *client.Partly
		if err != nil && !errors.As(err, &partly) {
			return err
		}
		if err := show(changes); err != nil {
			return err
		}
		return NotReadyFault(partly)
	})
}

// NotReadyFault makes of workers that did not come up a fault with a line for each.
func NotReadyFault(partly *client.Partly) error {
	if partly == nil {
		return nil
	}
	err := fmt.Errorf("not everything is as asked: %s", strings.ReplaceAll(partly.Message, "\n", "; "))
	return &Fault{ExitFailed, err, "`initiator why NAME` says why a worker is not up"}
}
