package plan

import (
	"fmt"
	"slices"

	"initiator/internal/supervisord"
)

// meaningChange is a sentence about a difference in meaning. The function holds
// reports whether the sentence concerns a process of the file.
type meaningChange struct {
	holds func(f *supervisord.File, p *supervisord.Process) bool
	says  string
}

// meaningChanges are the differences that no key can express. Each is reported
// once.
var meaningChanges = []meaningChange{
	{
		func(*supervisord.File, *supervisord.Process) bool { return true },
		"a worker counts as stopped when none of its processes is left: what the program leaves at a stop, or when it is started again, gets the stop signal, and KILL when stopwaitsecs is over; supervisord lets it live, as leave_descendants = always does",
	},
	{
		func(_ *supervisord.File, p *supervisord.Process) bool { return p.StopAsGroup },
		"`initiator signal` reaches the whole process group of a program with stopasgroup = true; supervisorctl's signal reaches the program alone, as `initiator signal --main` does",
	},
	{
		func(*supervisord.File, *supervisord.Process) bool { return true },
		"startretries counts the failed starts in a row that are FATAL; supervisord counts those after the first, so it is one more here",
	},
	{
		func(*supervisord.File, *supervisord.Process) bool { return true },
		"workers read /dev/null on stdin, where supervisord gives them a pipe",
	},
	{func(f *supervisord.File, p *supervisord.Process) bool {
		return f.Settings.ChildLogDir == "" && (p.Stdout.Kind == supervisord.LogAuto || p.Stderr.Kind == supervisord.LogAuto)
	}, "AUTO logs are files in the state directory that keep their names and are not erased at the start"},
	{func(f *supervisord.File, p *supervisord.Process) bool {
		return f.Settings.ChildLogDir != "" && (p.Stdout.Kind == supervisord.LogAuto || p.Stderr.Kind == supervisord.LogAuto)
	}, "AUTO logs in childlogdir keep their names and are not erased at the start"},
	{
		func(f *supervisord.File, p *supervisord.Process) bool { return f.Settings.User != "" || p.User != "" },
		"user sets HOME, USER, LOGNAME and SHELL of the worker; supervisord leaves them as they are",
	},
	{
		func(f *supervisord.File, p *supervisord.Process) bool { return f.Settings.User != "" && p.User == "" },
		"supervisord's user is written into each worker; the initiator itself stays who it is",
	},
	{func(f *supervisord.File, p *supervisord.Process) bool {
		return !f.Settings.NoDaemon && f.Settings.Umask >= 0 && p.Umask < 0
	}, "supervisord's umask is written into each worker, as if it ran as a daemon"},
	{
		func(f *supervisord.File, p *supervisord.Process) bool { return p.Directory == "" },
		"a worker without a directory runs in that of the import, as supervisord's runs where supervisord was started",
	},
	{
		func(f *supervisord.File, _ *supervisord.Process) bool {
			return f.Settings.LogLevel == "critical" || f.Settings.LogLevel == "blather"
		},
		"loglevel has no critical and no blather; error and trace are written",
	},
	{
		func(_ *supervisord.File, p *supervisord.Process) bool {
			return len(p.ExitCodes) == 0 && p.Autorestart == "unexpected"
		},
		"exitcodes cannot be empty; autorestart = true means the same",
	},
}

// listChanges returns the new names, then the differences in meaning, then the
// parts that were left out, then the warnings of supervisord's reader.
func (i *importer) listChanges() (all []string) {
	for _, s := range i.conversion.plan.Workers {
		if name, kept := i.names[s.Name]; kept && name != s.Name {
			all = append(all, fmt.Sprintf("%s is called %s", s.Name, name))
		}
	}
	for _, c := range meaningChanges {
		if slices.ContainsFunc(i.conversion.processes, func(p supervisord.Process) bool { return c.holds(i.file, &p) }) {
			all = append(all, c.says)
		}
	}
	all = append(all, i.notes...)
	return append(all, i.conversion.plan.Warnings...)
}
