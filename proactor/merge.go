package proactor

import (
	"fmt"
	"maps"
	"slices"
)

// MergeConfigs returns the documents as one, in their order, as if they had been one
// file: a section or a key of [DEFAULT] that stands in two of them is a fault,
// and references reach across. The lookup of the first is kept. The error is
// [Faults]; the document then holds the first of what stands twice.
func MergeConfigs(configs ...*Config) (*Config, error) {
	all := &Config{defaults: newSection(DefaultSection, "", 0), byName: map[string]*Section{}}
	var faults Faults
	for i, c := range configs {
		if i == 0 {
			all.lookup = c.lookup
		}
		for _, k := range c.defaults.Keys {
			faults = append(faults, all.mergeDefault(k)...)
		}
		for _, s := range c.sections {
			faults = append(faults, all.mergeSection(s)...)
		}
	}
	return all, faults.Err()
}

func (c *Config) mergeDefault(k Key) Faults {
	if before, twice := c.defaults.findKey(k.Name); twice {
		return Faults{{
			File: k.File, Line: k.Line, Section: DefaultSection, Key: k.Name,
			Problem: fmt.Sprintf("the key is already in %s, line %d", before.File, before.Line),
			Remedy:  "keep one of the two",
		}}
	}
	c.defaults.addKey(k)
	return nil
}

func (c *Config) mergeSection(s *Section) Faults {
	if before, twice := c.byName[s.Name]; twice {
		return Faults{{
			File: s.File, Line: s.Line, Section: s.Name,
			Problem: fmt.Sprintf("the section is already in %s, line %d", before.File, before.Line),
			Remedy:  "move these keys there, or rename one of the two",
		}}
	}
	c.byName[s.Name] = s
	c.sections = append(c.sections, s)
	return nil
}

// WithoutSection returns the document without the section of that name.
func (c *Config) WithoutSection(name string) *Config {
	other := *c
	other.sections = slices.DeleteFunc(slices.Clone(c.sections), func(s *Section) bool { return s.Name == name })
	other.byName = maps.Clone(c.byName)
	delete(other.byName, name)
	return &other
}
