package plan

import (
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
	"initiator/proactor"
)

func (d *draft) checkSettings() {
	s := d.plan.Settings
	d.checkExposure("initiator", s.ListenAddr)
	d.checkLogPath("initiator", "logfile", s.LogFile)
	if s.ChildPortMin > s.ChildPortMax {
		d.addFault("initiator", "child_port_min", fmt.Sprintf("child_port_min (%d) is above child_port_max (%d)", s.ChildPortMin, s.ChildPortMax), "swap the two")
	}
}

// checkFixedPorts finds ports that two sections use.
func (d *draft) checkFixedPorts() {
	owner := map[int]string{}
	if port := d.plan.Settings.ListenPort; port > 0 {
		owner[port] = "initiator"
	}
	for _, s := range d.plan.Workers {
		section := "worker:" + s.Name
		for _, p := range []struct {
			key    string
			port   int
			remedy string
		}{{"port", s.Port, "write port = auto"}, {"chirp_port", s.ChirpPort, "choose another"}} {
			if p.port == 0 {
				continue
			}
			if before, taken := owner[p.port]; taken {
				d.addFault(section, p.key, fmt.Sprintf("port %d is also used by [%s]", p.port, before), p.remedy)
				continue
			}
			owner[p.port] = section
		}
	}
}

// checkConfigs finds [config:NAME] without a worker of that name.
func (d *draft) checkConfigs() {
	for _, s := range d.cfg.Sections() {
		name, ok := strings.CutPrefix(s.Name, "config:")
		if !ok {
			continue
		}
		if d.isUnknown(name) {
			d.addFault(s.Name, "", fmt.Sprintf("there is no [worker:%s]", name), d.suggestWorker(name))
		}
	}
}

func (d *draft) checkGroups() {
	for _, g := range d.plan.Groups {
		section := "group:" + g.Name
		if len(g.Programs) == 0 && !d.isFaulty(section) {
			d.addFault(section, "", "the group is empty", "write programs = NAME, NAME")
		}
		for _, name := range g.Programs {
			s, known := d.plan.FindSpec(name)
			switch {
			case d.isUnknown(name):
				d.addFault(section, "programs", fmt.Sprintf("there is no [worker:%s]", name), d.suggestWorker(name))
			case known && s.Group != g.Name:
				d.addFault(section, "programs", fmt.Sprintf("%s is already in the group %s", name, s.Group), "a worker is in one group; remove it from the other")
			}
		}
	}
}

// isUnknown reports whether no section defines a worker of that name. A section with a
// misspelt kind may be meant to define it.
func (d *draft) isUnknown(name string) bool {
	_, known := d.plan.FindSpec(name)
	return !known && !slices.ContainsFunc(d.cfg.Sections(), func(s *proactor.Section) bool {
		kind, rest, _ := strings.Cut(s.Name, ":")
		return rest == name && kind != "config" && kind != "group" && kind != "schedule"
	})
}

// suggestWorker returns the remedy for a name that no worker has.
func (d *draft) suggestWorker(name string) string {
	names := d.workerNames()
	if near, ok := spelling.Nearest(name, names); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) == 0 {
		return "define the worker"
	}
	slices.Sort(names)
	return "the workers are " + strings.Join(names[:min(len(names), 10)], ", ")
}

func (d *draft) workerNames() []string {
	var names []string
	for _, s := range d.plan.Workers {
		names = append(names, s.Name)
	}
	return names
}
