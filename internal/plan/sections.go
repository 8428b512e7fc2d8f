package plan

import (
	"errors"
	"fmt"
	"strings"

	"initiator/internal/spelling"
	"initiator/proactor"
)

// checkName refuses names that would not survive as part of a path, a web
// address or a command line.
func (d *draft) checkName(s *proactor.Section, word string) {
	kind, _, _ := strings.Cut(s.Name, ":")
	if word == "all" && kind != "config" {
		d.faultAt(s.Name, "", `"all" means every worker on the command line`, "choose another name")
	}
	var w wrong
	if _, err := name.parse(word); errors.As(err, &w) {
		d.faultAt(s.Name, "", w.problem, w.remedy)
	}
}

// otherSection judges a section that is none of ours. With a colon it is a
// slip; without one it is the user's, named by a module or a guid and there to
// be referred to, unless it looks like one of ours misspelt.
func (d *draft) otherSection(s *proactor.Section) {
	if w, known := sectionElsewhere(s.Name); known {
		d.faultAt(s.Name, "", w.problem, w.remedy)
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
	d.faultAt(s.Name, "", "there is no such kind of section", remedy)
}

func (d *draft) userSection(s *proactor.Section) {
	ours := []string{"initiator", "include", "default"}
	if near, ok := spelling.Nearest(strings.ToLower(strings.TrimSpace(s.Name)), ours); ok {
		if near == "default" {
			near = proactor.DefaultSection
		}
		d.faultAt(s.Name, "", "the section would be ignored", fmt.Sprintf("did you mean [%s]?", near))
		return
	}
	if s.Name == "worker" || s.Name == "config" || s.Name == "group" || s.Name == "schedule" {
		d.faultAt(s.Name, "", "the section has no name", fmt.Sprintf("write [%s:NAME]", s.Name))
		return
	}
	d.plan.Sections[s.Name] = d.ownEntries(s.Name)
}
