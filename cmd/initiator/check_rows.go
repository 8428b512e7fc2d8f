package main

import (
	"encoding/json"
	"strconv"

	"initiator/internal/plan"
)

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

// workerRows returns the worker definitions of a plan.
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

// portOf returns how the port of a worker is chosen and held; "-" for a worker
// without a port.
func portOf(s *plan.Spec) string {
	switch {
	case !s.TakesPort():
		return "-"
	case s.Port == 0:
		return "auto/" + s.PortMode()
	}
	return strconv.Itoa(s.Port) + "/" + s.PortMode()
}

// readyOf returns the readiness check as the INI writes it.
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

// scheduleRows returns the schedules of a plan.
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
