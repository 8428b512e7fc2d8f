package supervisord

import (
	"slices"
	"strings"
)

const defaultSection = "DEFAULT"

// document is the state of configparser after some files: sections with the
// same name are one section, and the last value of a key counts.
type document struct {
	names    []string // in the order of their first headers
	sections map[string]*mergedSection
	all      []*Section
}

// mergedSection is a section with the keys of all sections of its name.
type mergedSection struct {
	name  string
	first *Section
	keys  map[string]Key
	order []string
}

func newDocument() *document {
	d := &document{sections: map[string]*mergedSection{}}
	d.sections[defaultSection] = &mergedSection{name: defaultSection, first: &Section{Name: defaultSection}, keys: map[string]Key{}}
	return d
}

func (d *document) addSections(sections []*Section) {
	for _, s := range sections {
		d.all = append(d.all, s)
		m := d.sections[s.Name]
		if m == nil {
			m = &mergedSection{name: s.Name, first: s, keys: map[string]Key{}}
			d.sections[s.Name] = m
			d.names = append(d.names, s.Name)
		}
		for _, k := range s.Keys {
			m.setKey(k)
		}
	}
}

func (m *mergedSection) setKey(k Key) {
	if _, there := m.keys[k.Name]; !there {
		m.order = append(m.order, k.Name)
	}
	m.keys[k.Name] = k
}

func (d *document) hasSection(section string) bool { return slices.Contains(d.names, section) }

// findKey returns a key of the section, or an inherited key.
func (d *document) findKey(section, key string) (Key, bool) {
	if m := d.sections[section]; m != nil {
		if k, ok := m.keys[key]; ok {
			return k, true
		}
	}
	k, ok := d.sections[defaultSection].keys[key]
	return k, ok
}

// expandHere replaces every %(here)s that was not replaced yet by the directory
// of a file. supervisord does so after each file when there is an [include], so
// that %(here)s means the directory of the file that holds it.
func (d *document) expandHere(here string) {
	const mark = "%(here)s"
	for _, name := range d.names {
		m := d.sections[name]
		for _, from := range []*mergedSection{d.sections[defaultSection], m} {
			for _, key := range from.order {
				k, own := m.keys[key]
				if !own {
					k = from.keys[key]
				}
				if strings.Contains(k.Raw, mark) {
					k.Raw = strings.ReplaceAll(k.Raw, mark, here)
					m.setKey(k)
				}
			}
		}
	}
}
