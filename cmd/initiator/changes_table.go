package main

import (
	"strings"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// showChanges prints the changes of a reload.
func (a *app) showChanges(c report.Changes) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(c)
	}
	t := terminal.Table{Head: []string{"NAME", "ACTION", "KEYS"}, Colour: func(column int, cell string) string {
		if column != 1 {
			return ""
		}
		return actionColour(report.Action(cell))
	}}
	for _, w := range c.Workers {
		t.Rows = append(t.Rows, []string{w.Name, string(w.Action), changedKeys(w)})
	}
	if err := t.PrintTo(a.Out); err != nil {
		return err
	}
	if err := a.showStops(c); err != nil {
		return err
	}
	if len(c.Schedules) > 0 {
		if err := a.Out.WriteLines("changed schedules: " + strings.Join(c.Schedules, ", ")); err != nil {
			return err
		}
	}
	if len(c.Settings) > 0 {
		return a.Out.WriteLines("at the next start of the initiator: " + strings.Join(c.Settings, ", "))
	}
	return nil
}

// showStops prints how a stop ends the workers of each definition, in one line for
// definitions that have it in common.
func (a *app) showStops(c report.Changes) error {
	names := map[string][]string{}
	var stops []string
	for _, w := range c.Workers {
		if w.Stop == "" {
			continue
		}
		if names[w.Stop] == nil {
			stops = append(stops, w.Stop)
		}
		names[w.Stop] = append(names[w.Stop], w.Name)
	}
	for _, stop := range stops {
		if err := a.Out.WriteLines("stop " + strings.Join(names[stop], ", ") + ": " + stop); err != nil {
			return err
		}
	}
	return nil
}

// anyChange reports whether anything differs, also a key of [initiator] that
// takes effect at the next start.
func anyChange(c report.Changes) bool {
	for _, w := range c.Workers {
		if w.HasEffect() {
			return true
		}
	}
	return len(c.Settings) > 0 || len(c.Schedules) > 0
}

// changedKeys returns the keys that differ. The keys of a definition that is
// kept take effect without a restart.
func changedKeys(c report.Change) string {
	switch {
	case len(c.Keys) == 0:
		return "-"
	case c.Action == report.ActionKeep:
		return strings.Join(c.Keys, ", ") + " (without a restart)"
	}
	return strings.Join(c.Keys, ", ")
}

// actionColour returns the colour of an action.
func actionColour(action report.Action) string {
	switch action {
	case report.ActionStart:
		return terminal.ColourGood
	case report.ActionRestart:
		return terminal.ColourBusy
	case report.ActionStop:
		return terminal.ColourBad
	}
	return ""
}
