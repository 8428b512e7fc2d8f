package plan

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"initiator/internal/loglevel"
	"initiator/proactor"
)

// settlePlan fills in the values that depend on other keys. A key with a fault has its
// default.
func (d *draft) settlePlan() {
	d.settleSettings()
	d.settleModules()
	d.plan.SecretVariables = slices.Sorted(maps.Keys(d.secretVariables))
	for i := range d.plan.Workers {
		d.settleWorker(&d.plan.Workers[i])
	}
	d.settleGroups()
}

func (d *draft) settleSettings() {
	s := &d.plan.Settings
	s.StateDir = d.absolutePath(s.StateDir)
	if own, ok := ownLogFile(s.LogFile, d.absolutePath); ok {
		s.LogFile = own
	} else if s.LogFile != "" {
		s.LogFile = d.absolutePath(s.LogFile)
	}
	if s.ChildPortMax == maxPort+1 { // as turberfield writes an exclusive end
		s.ChildPortMax = maxPort
		d.addWarning("initiator", "child_port_max", "65536 is no port; 65535 is used")
	}
	if s.Insecure {
		d.addWarning("initiator", "insecure", "listening beyond loopback without TLS is allowed")
	}
}

func (d *draft) settleWorker(s *Spec) {
	section := "worker:" + s.Name
	for _, argv := range s.commandLines() {
		for i, word := range argv {
			argv[i] = strings.ReplaceAll(word, selfMark, d.env.Self)
		}
	}
	if !s.Contract && !d.isGiven(section, "protocol") {
		s.Protocol = "none"
	}
	if !s.Contract && !d.isGiven(section, "log_parse") {
		s.LogParse = loglevel.None
	}
	if s.Protocol == "none" && !d.isGiven(section, "ready") {
		s.Ready = Ready{Kind: "alive"}
	}
	if s.Ready.Kind == "alive" && !d.isGiven(section, "startsecs") {
		s.StartSecs = time.Second
	}
	d.settleRestart(s)
	if d.builtIn(s) && s.Contract && !d.isGiven(section, "socket") {
		s.Socket = "inherit"
	}
	if s.Directory != "" {
		s.Directory = d.absolutePath(s.Directory)
	}
	if s.ChirpPEM != "" {
		s.ChirpPEM = d.absolutePath(s.ChirpPEM)
	}
	if s.EnvFile != "" {
		s.EnvFile = d.absolutePath(s.EnvFile)
	}
	s.Stdout.Path = d.logPath(s.Stdout.Path, "stdout")
	s.Stderr.Path = d.logPath(s.Stderr.Path, "stderr")
	d.normaliseEntries(s)
	s.Config = d.overlayConfig(s)
	if !d.isGiven(section, "environment_inherit") {
		s.EnvironmentInherit = d.plan.Settings.EnvironmentInherit
	}
	s.EnvironmentInherit = s.EnvironmentInherit.withhold(d.plan.SecretVariables)
}

// builtIn reports whether the process is this program again, which can inherit
// a socket.
func (d *draft) builtIn(s *Spec) bool {
	if s.Exec != nil {
		return true
	}
	return len(s.Command) > 1 && s.Command[0] == d.env.Self && s.Command[1] == "job"
}

// logPath returns the path of a log. An automatic log is named after the
// worker's index in its pool and not after its guid, so that the next run
// continues the same files. With guids each run would leave new files behind.
func (d *draft) logPath(path, stream string) string {
	switch {
	case strings.EqualFold(path, "auto"):
		return filepath.Join(d.plan.Settings.StateDir, "logs", "{name}.{index}."+stream+".log")
	case strings.EqualFold(path, "none"):
		return ""
	}
	if own, ok := ownLogPath(path, stream, d.absolutePath); ok {
		return own
	}
	return d.absolutePath(path)
}

func (d *draft) absolutePath(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(d.plan.Dir, path)
}

// overlayConfig lays the entries of [worker:NAME] over the entries of the module's section,
// and [config:NAME] over both.
func (d *draft) overlayConfig(s *Spec) []Entry {
	s.Config = overlayEntries(d.plan.Sections[s.Module], s.Config)
	section := "config:" + s.Name
	if d.cfg.Section(section) == nil {
		return s.Config
	}
	return overlayEntries(s.Config, d.ownEntries(section))
}

// overlayEntries returns the entries, with each entry of over in the place of the
// entry of the same key, or at the end.
func overlayEntries(entries, over []Entry) []Entry {
	all := slices.Clone(entries)
	at := make(map[string]int, len(all))
	for i, e := range all {
		at[e.Key] = i
	}
	for _, e := range over {
		if i, there := at[e.Key]; there {
			all[i] = e
			continue
		}
		at[e.Key] = len(all)
		all = append(all, e)
	}
	return all
}

// settleGroups makes the key group of a worker and the key programs of a group
// agree. A group that only workers name has all defaults.
func (d *draft) settleGroups() {
	for i := range d.plan.Workers {
		s := &d.plan.Workers[i]
		if s.Group == "" {
			continue
		}
		g := d.groupNamed(s.Group)
		if !slices.Contains(g.Programs, s.Name) {
			g.Programs = append(g.Programs, s.Name)
		}
	}
	for _, g := range d.plan.Groups {
		for _, name := range g.Programs {
			if s, ok := d.plan.FindSpec(name); ok && s.Group == "" {
				s.Group = g.Name
			}
		}
	}
	d.plan.setGroupPriorities()
}

// setGroupPriorities gives each spec the priority of its group, or its own.
func (p *Plan) setGroupPriorities() {
	of := map[string]int{}
	for _, g := range p.Groups {
		of[g.Name] = g.Priority
	}
	for i := range p.Workers {
		s := &p.Workers[i]
		s.GroupPriority = s.Priority
		if priority, grouped := of[s.Group]; grouped {
			s.GroupPriority = priority
		}
	}
}

func (d *draft) groupNamed(name string) *Group {
	for i := range d.plan.Groups {
		if d.plan.Groups[i].Name == name {
			return &d.plan.Groups[i]
		}
	}
	d.plan.Groups = append(d.plan.Groups, Group{Name: name, Priority: 999, Strategy: OneForOne})
	return &d.plan.Groups[len(d.plan.Groups)-1]
}

func (d *draft) addWarning(section, key, problem string) { d.addWarningAt(section, key, problem, "") }

// addWarningAt adds a warning with its remedy.
func (d *draft) addWarningAt(section, key, problem, remedy string) {
	d.plan.Warnings = append(d.plan.Warnings, d.faultAt(section, key, problem, remedy).Error())
}

// warningAt returns a warning about a key of [initiator].
func (d *draft) warningAt(key, problem, remedy string) string {
	return d.faultAt("initiator", key, problem, remedy).Error()
}

// faultAt returns a fault with its place, without adding it.
func (d *draft) faultAt(section, key, problem, remedy string) proactor.Fault {
	before := len(d.faults)
	d.addFault(section, key, problem, remedy)
	defer func() { d.faults = d.faults[:before] }()
	return d.faults[before]
}
