package cli

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

// ReadChanges asks the initiator that runs, or, where there is none, compares
// with nothing.
func ReadChanges(ctx context.Context, p *plan.Plan, c *client.Client) (api.Changes, error) {
	if c == nil {
		return api.Changes{Workers: plan.Diff(nil, p)}, nil
	}
	return c.Changes(ctx)
}

// ReportBadPlan shows the faults of an INI, in JSON where that was asked for.
func (a *App) ReportBadPlan(err error) error {
	var faults proactor.Faults
	if !a.Format.JSON || !errors.As(err, &faults) {
		return err
	}
	if err := a.Out.WriteJSON(map[string]any{"ok": false, "faults": FaultRows(faults)}); err != nil {
		return err
	}
	return ExitWith(ExitUsage)
}

// Reload makes what runs be what the file says, and shows what that was.
func (a *App) Reload(cmd *cobra.Command, show func(api.Changes) error) error {
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
	return NewFault(ExitFailed, err, "`initiator why NAME` says why a worker is not up")
}

// FaultRow is a fault in JSON.
type FaultRow struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Section string `json:"section,omitempty"`
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem"`
	Remedy  string `json:"remedy,omitempty"`
}

func FaultRows(faults proactor.Faults) []FaultRow {
	rows := make([]FaultRow, 0, len(faults))
	for _, f := range faults {
		rows = append(rows, FaultRow(f))
	}
	return rows
}
