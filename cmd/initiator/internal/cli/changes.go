package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/proactor"
)

// ReadChanges asks the running initiator what a reload would change. Where none
// runs (c is nil) everything in the plan would be started.
func ReadChanges(ctx context.Context, p *plan.Plan, c *client.Client) (report.Changes, error) {
	if c == nil {
		return report.Changes{Workers: plan.DiffPlans(nil, p)}, nil
	}
	return c.Changes(ctx)
}

// ReportBadPlan prints the faults of an INI as JSON when -o json was given.
// Otherwise it returns err, and Report prints the faults.
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

// Reload has the running initiator apply the INI to the running workers, and
// shows the changes.
func (a *App) Reload(cmd *cobra.Command, show func(report.Changes) error) error {
	if _, err := a.ReadPlan(); err != nil { // to report each fault with its line
		return a.ReportBadPlan(err)
	}
	return a.WithWaiting(cmd, []string{"all"}, "", func(ctx context.Context, c *client.Client) error {
		changes, err := c.Reload(ctx)
		var partly *client.PartialError
		if err != nil && !errors.As(err, &partly) {
			return err
		}
		if err := show(changes); err != nil {
			return err
		}
		return NotReadyFault(partly)
	})
}

// NotReadyFault makes a fault of the workers that did not become ready; nil for
// nil.
func NotReadyFault(partly *client.PartialError) error {
	if partly == nil {
		return nil
	}
	err := fmt.Errorf("not every worker is ready: %s", strings.ReplaceAll(partly.Message, "\n", "; "))
	return NewFault(ExitFailed, err, "`initiator why NAME` says why a worker is not ready")
}

// FaultRow is a fault of an INI in JSON.
type FaultRow struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Section string `json:"section,omitempty"`
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem"`
	Remedy  string `json:"remedy,omitempty"`
}

// FaultRows returns the faults of an INI for JSON.
func FaultRows(faults proactor.Faults) []FaultRow {
	rows := make([]FaultRow, 0, len(faults))
	for _, f := range faults {
		rows = append(rows, FaultRow(f))
	}
	return rows
}
