package supervisord

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// groups reads every program, in the group that names it or in one of its own.
func (r *reader) groups() {
	taken := map[string]bool{} // sections that are in a [group:x]
	for _, section := range r.doc.names {
		if strings.HasPrefix(section, "group:") {
			r.explicit(section, taken)
		}
	}
	for _, section := range r.doc.names {
		if strings.HasPrefix(section, "program:") && !taken[section] {
			r.implicit(section)
		}
	}
	slices.SortStableFunc(r.file.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
}

// own is the context of a section that has no names but %(here)s.
func (r *reader) own(section string) *context {
	return &context{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.environment}}
}

// named is the NAME of [kind:NAME].
func (r *reader) named(section string) (string, bool) {
	_, raw, _ := strings.Cut(section, ":")
	word, err := name(raw)
	if err != nil {
		f := r.own(section).at("", "", "")
		f.Problem, f.Remedy = because(err)
		r.faults = append(r.faults, f)
	}
	return word, err == nil
}

func (r *reader) explicit(section string, taken map[string]bool) {
	c := r.own(section)
	groupName, _ := r.named(section)
	first := r.doc.sections[section].first
	g := Group{Name: groupName, Explicit: true, File: first.File, Line: first.Line}
	if !c.given("programs") {
		c.warn("", "the group is empty", "write programs = NAME, NAME")
	}
	programs := value(c, "programs", nil, func(s string) ([]string, error) { return list(r.file.Real(s)) })
	g.Priority = value(c, "priority", 999, integer)
	for _, program := range programs {
		if of := r.member(c, program); of != "" {
			taken[of] = true
			g.Processes = append(g.Processes, r.members(c, of, groupName)...)
		}
	}
	r.file.Groups = append(r.file.Groups, g)
}

// members are the processes of one program of a group.
func (r *reader) members(c *context, section, group string) []Process {
	processes := r.program(section, group)
	if strings.HasPrefix(section, "fcgi-program:") {
		c.warn("programs", "["+section+"] is not started: FastCGI programs are not supported", "take it out of the group")
		return nil
	}
	return processes
}

// member finds the section of a program that a group names.
func (r *reader) member(c *context, program string) (section string) {
	normal, fcgi := "program:"+program, "fcgi-program:"+program
	switch {
	case r.doc.has(normal) && r.doc.has(fcgi):
		c.faultAt("programs", fmt.Sprintf("%q is both a program and an fcgi-program", program), "rename one of the two")
	case r.doc.has(normal):
		return normal
	case r.doc.has(fcgi):
		return fcgi
	default:
		remedy := "define the program"
		if near, ok := spelling.Nearest(program, r.programs()); ok {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		c.faultAt("programs", fmt.Sprintf("there is no [program:%s]", program), remedy)
	}
	return ""
}

func (r *reader) programs() (all []string) {
	for _, section := range r.doc.names {
		if program, ok := strings.CutPrefix(section, "program:"); ok {
			all = append(all, program)
		}
	}
	return all
}

func (r *reader) implicit(section string) {
	groupName, ok := r.named(section)
	if !ok {
		return
	}
	first := r.doc.sections[section].first
	r.file.Groups = append(r.file.Groups, Group{
		Name: groupName, File: first.File, Line: first.Line,
		Priority:  value(r.own(section), "priority", 999, integer),
		Processes: r.program(section, groupName),
	})
}
