package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"initiator/internal/plan"
	"initiator/proactor"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Read the INI and show what it defines, or all of its faults",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := a.ReadPlan()
			if err == nil {
				p.Warnings = append(p.Warnings, missingPrograms(p)...)
			}
			var faults proactor.Faults
			switch {
			case errors.As(err, &faults) && a.Format.JSON:
				if err := a.Out.WriteJSON(map[string]any{"ok": false, "faults": FaultRows(faults)}); err != nil {
					return err
				}
				return ExitWith(ExitUsage)
			case err != nil:
				return err
			case a.Format.JSON:
				return a.Out.WriteJSON(map[string]any{"ok": true, "file": p.File, "warnings": append([]string{}, p.Warnings...), "workers": workerRows(p), "schedules": scheduleRows(p)})
			}
			return a.showPlan(p)
		},
	}
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

// workerRow is a worker definition in JSON.
type workerRow struct {
	Name     string   `json:"name"`
	Replicas int      `json:"replicas"`
	Slots    int      `json:"slots"`
	Port     string   `json:"port"`
	Ready    string   `json:"ready"`
	After    []string `json:"after,omitempty"`
	Argv     []string `json:"argv"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
}

func workerRows(p *plan.Plan) []workerRow {
	rows := make([]workerRow, 0, len(p.Workers))
	for i := range p.Workers {
		s := &p.Workers[i]
		row := workerRow{
			Name: s.Name, Replicas: s.Replicas, Slots: s.Slots, Port: portOf(s), Ready: readyOf(s),
			Argv: commandOf(s), File: s.File, Line: s.Line,
		}
		for _, d := range s.After {
			row.After = append(row.After, d.Name+":"+d.Condition)
		}
		rows = append(rows, row)
	}
	return rows
}

// portOf is how the worker's port is chosen and held; "-" = it has none.
func portOf(s *plan.Spec) string {
	switch {
	case !s.TakesPort():
		return "-"
	case s.Port == 0:
		return "auto/" + s.PortMode()
	}
	return strconv.Itoa(s.Port) + "/" + s.PortMode()
}

// readyOf is the proof of readiness as the INI writes it.
func readyOf(s *plan.Spec) string {
	if more := s.Ready.Pattern + s.Ready.Path; more != "" {
		return s.Ready.Kind + ":" + more
	}
	return s.Ready.Kind
}

// scheduleRow is a schedule in JSON.
type scheduleRow struct {
	Name string          `json:"name"`
	When string          `json:"when"` // every 10s, or a cron expression
	Task string          `json:"task"`
	Data json.RawMessage `json:"data"`
}

func scheduleRows(p *plan.Plan) []scheduleRow {
	rows := make([]scheduleRow, 0, len(p.Schedules))
	for _, s := range p.Schedules {
		row := scheduleRow{Name: s.Name, When: s.Cron.String(), Task: s.Task, Data: json.RawMessage(s.Data)}
		if s.Every > 0 {
			row.When = "every " + s.Every.String()
		} else if s.Zone != nil {
			row.When += " " + s.Zone.String()
		}
		rows = append(rows, row)
	}
	return rows
}

func commandOf(s *plan.Spec) []string {
	switch {
	case len(s.Exec) > 0:
		return s.Exec
	case len(s.Command) > 0:
		return s.Command
	}
	return append(append([]string(nil), s.Interpreter...), "-m", s.Module)
}

func (a *app) showPlan(p *plan.Plan) error {
	t := Table{Head: []string{"NAME", "REPLICAS", "SLOTS", "PORT", "READY", "AFTER", "RUNS"}, Optional: []int{5, 4, 3, 2, 1}}
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
		t := Table{Head: []string{"SCHEDULE", "WHEN", "TASK", "DATA"}, Optional: []int{3}}
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
	for _, w := range p.Warnings {
		if _, err := fmt.Fprintln(a.Err, w); err != nil {
			return err
		}
	}
	return nil
}
