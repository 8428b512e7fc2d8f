package plan

import (
	"errors"
	"fmt"
	"strings"

	"initiator/internal/spelling"
	"initiator/proactor"
)

// checkName refuses names that cannot be part of a path, a web address or a
// command line.
func (d *draft) checkName(s *proactor.Section, word string) {
	kind, _, _ := strings.Cut(s.Name, ":")
	if word == "all" && kind != "config" {
		d.addFault(s.Name, "", `"all" means every worker on the command line`, "choose another name")
	}
	var w valueFault
	if _, err := name.parse(word); errors.As(err, &w) {
		d.addFault(s.Name, "", w.problem, w.remedy)
	}
}

// otherSection reads a section of no known kind. A name with a colon is a fault.
// A name without a colon belongs to the user, as a module, a guid or a target of
// references, unless it looks like a misspelt [initiator], [include] or [DEFAULT].
func (d *draft) otherSection(s *proactor.Section) {
	if w, known := sectionElsewhere(s.Name); known {
		d.addFault(s.Name, "", w.problem, w.remedy)
		return
	}
	kind, rest, named := strings.Cut(s.Name, ":")
	if !named {
		d.userSection(s)
		return
	}
	remedy := "write [worker:NAME], [config:NAME], [group:NAME] or [schedule:NAME]"
	if near, ok := spelling.Nearest(strings.ToLower(kind), []string{"worker", "config", "group", "schedule"}); ok {
		remedy = fmt.Sprintf("did you mean [%s:%s]?", near, rest)
	}
	d.addFault(s.Name, "", "there is no such kind of section", remedy)
}

func (d *draft) userSection(s *proactor.Section) {
	ours := []string{"initiator", "include", "default"}
	if near, ok := spelling.Nearest(strings.ToLower(strings.TrimSpace(s.Name)), ours); ok {
		if near == "default" {
			near = proactor.DefaultSection
		}
		d.addFault(s.Name, "", "the section would be ignored", fmt.Sprintf("did you mean [%s]?", near))
		return
	}
	if s.Name == "worker" || s.Name == "config" || s.Name == "group" || s.Name == "schedule" {
		d.addFault(s.Name, "", "the section has no name", fmt.Sprintf("write [%s:NAME]", s.Name))
		return
	}
	d.plan.Sections[s.Name] = d.ownEntries(s.Name)
}
