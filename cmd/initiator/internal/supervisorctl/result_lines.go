package supervisorctl

import (
	"fmt"
	"strings"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// Before is the state of the workers before start, stop or restart, which
// supervisorctl's answers depend on.
type Before struct {
	names  map[string]string // by guid
	up     map[string]bool   // by guid: RUNNING, STARTING or BACKOFF
	singly map[string]bool   // by guid: args name the worker itself
}

// ResultLines returns what supervisorctl prints after start, stop and restart, and
// the like after reload NAME, which supervisorctl does not have.
// It says "already started" and "not running" only of workers that were named
// themselves, not of a group or of "all".
func (b Before) ResultLines(verb string, results []report.Result) (lines []string) {
	say := func(r report.Result, what, why string) {
		if why != "" {
			what = fmt.Sprintf("ERROR (%s)", why)
		}
		lines = append(lines, b.names[r.Worker.GUID]+": "+what)
	}
	already := func(r report.Result, why string) {
		if b.singly[r.Worker.GUID] {
			say(r, "", why)
		}
	}
	for _, r := range results {
		switch up := b.up[r.Worker.GUID]; {
		case verb == "start":
		case verb == "reload":
			say(r, "reloaded", terminal.OneLine(r.Error))
		case !up:
			already(r, "not running")
		case verb == "stop":
			say(r, "stopped", terminal.OneLine(r.Error))
		default:
			say(r, "stopped", "")
		}
	}
	for _, r := range results {
		switch up := b.up[r.Worker.GUID]; {
		case verb == "stop", verb == "reload":
		case verb == "start" && up:
			already(r, "already started")
		default:
			say(r, "started", terminal.OneLine(r.Error))
		}
	}
	return lines
}

// RecordBefore notes the state of all workers, and which of them args name.
func RecordBefore(all []report.Worker, args []string) Before {
	b := Before{names: ProcessNames(all), up: map[string]bool{}, singly: map[string]bool{}}
	for _, w := range all {
		b.up[w.GUID] = w.State == report.Running || w.State == report.Starting || w.State == report.Backoff
	}
	for _, name := range args {
		if name == "all" || strings.HasSuffix(name, ":") || strings.HasSuffix(name, ":*") {
			continue
		}
		for _, w := range cli.FindWorkers(all, name) {
			b.singly[w.GUID] = true
		}
	}
	return b
}
