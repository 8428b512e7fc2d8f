package supervisord

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// readGroups reads every program, in the group that names it or in a group of
// its own.
func (r *reader) readGroups() {
	taken := map[string]bool{} // sections that are in a [group:x]
	for _, section := range r.doc.names {
		if strings.HasPrefix(section, "group:") {
			r.readGroup(section, taken)
		}
	}
	for _, section := range r.doc.names {
		if strings.HasPrefix(section, "program:") && !taken[section] {
			r.readUngrouped(section)
		}
	}
	slices.SortStableFunc(r.file.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
}

// newSectionReader returns the reader of a section in which only %(here)s and
// the environment can be referred to.
func (r *reader) newSectionReader(section string) *sectionReader {
	return &sectionReader{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.lookupVariable}}
}

// sectionName returns the NAME of [kind:NAME].
func (r *reader) sectionName(section string) (string, bool) {
	_, raw, _ := strings.Cut(section, ":")
	word, err := readName(raw)
	if err != nil {
		f := r.newSectionReader(section).faultFor("", "", "")
		f.Problem, f.Remedy = explainError(err)
		r.faults = append(r.faults, f)
	}
	return word, err == nil
}

func (r *reader) readGroup(section string, taken map[string]bool) {
	c := r.newSectionReader(section)
	groupName, _ := r.sectionName(section)
	first := r.doc.sections[section].first
	g := Group{Name: groupName, Explicit: true, File: first.File, Line: first.Line}
	if !c.hasKey("programs") {
		c.addWarning("", "the group is empty", "write programs = NAME, NAME")
	}
	programs := readValue(c, "programs", nil, func(s string) ([]string, error) { return readList(r.file.ResolveMarks(s)) })
	g.Priority = readValue(c, "priority", 999, readInteger)
	for _, program := range programs {
		if of := r.findMember(c, program); of != "" {
			taken[of] = true
			g.Processes = append(g.Processes, r.readMember(c, of, groupName)...)
		}
	}
	r.file.Groups = append(r.file.Groups, g)
}

// readMember returns the processes of one program of a group.
func (r *reader) readMember(c *sectionReader, section, group string) []Process {
	processes := r.readProgram(section, group)
	if strings.HasPrefix(section, "fcgi-program:") {
		c.addWarning("programs", "["+section+"] is not started: FastCGI programs are not supported", "take it out of the group")
		return nil
	}
	return processes
}

// findMember returns the section of a program that a group names.
func (r *reader) findMember(c *sectionReader, program string) (section string) {
	normal, fcgi := "program:"+program, "fcgi-program:"+program
	switch {
	case r.doc.hasSection(normal) && r.doc.hasSection(fcgi):
		c.addFaultAt("programs", fmt.Sprintf("%q is both a program and an fcgi-program", program), "rename one of the two")
	case r.doc.hasSection(normal):
		return normal
	case r.doc.hasSection(fcgi):
		return fcgi
	default:
		remedy := "define the program"
		if near, ok := spelling.Nearest(program, r.programNames()); ok {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		c.addFaultAt("programs", fmt.Sprintf("there is no [program:%s]", program), remedy)
	}
	return ""
}

func (r *reader) programNames() (all []string) {
	for _, section := range r.doc.names {
		if program, ok := strings.CutPrefix(section, "program:"); ok {
			all = append(all, program)
		}
	}
	return all
}

func (r *reader) readUngrouped(section string) {
	groupName, ok := r.sectionName(section)
	if !ok {
		return
	}
	first := r.doc.sections[section].first
	r.file.Groups = append(r.file.Groups, Group{
		Name: groupName, File: first.File, Line: first.Line,
		Priority:  readValue(r.newSectionReader(section), "priority", 999, readInteger),
		Processes: r.readProgram(section, groupName),
	})
}
