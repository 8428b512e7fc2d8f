package proactor

import "slices"

// DefaultSection is the section whose keys all others inherit.
const DefaultSection = "DEFAULT"

// Config is an INI document as Python's
//
//	ConfigParser(interpolation=ExtendedInterpolation(), allow_no_value=True)
//
// reads it. It is made by [Parse], [ReadConfig] or [Merge] and not changed
// afterwards, so it may be read from many goroutines.
type Config struct {
	defaults *Section
	sections []*Section
	byName   map[string]*Section
	lookup   Lookup
}

// Section is one [name] of a document, with its own keys, without the
// inherited ones. The fields must not be changed.
type Section struct {
	Name string
	File string
	Line int
	Keys []Key

	byName map[string]int // index in Keys
}

// Key is one key as it stands in the file.
type Key struct {
	// Name is in lower case, as Python's optionxform makes it.
	Name string
	// Raw is the value before ${…} is resolved, its lines joined by "\n".
	Raw string
	// Valued is false for a key that stands alone on its line, which Python
	// reads as None.
	Valued bool
	File   string
	Line   int
}

// Entry is one key and its resolved value. Valued is false, and Value empty,
// for a key that stands alone on its line.
type Entry struct {
	Key    string
	Value  string
	Valued bool
}

// Lookup resolves references to values outside the document, such as ${env:HOME}.
// Section and key are given as they are written between the braces. When ours is
// false the reference is looked up in the document. Otherwise value is used
// literally, or err is reported as the fault of the key that holds the reference;
// the remedy follows after "; ".
type Lookup func(section, key string) (value string, ours bool, err error)

// ParseConfig reads a document in UTF-8, with or without a byte order mark, its
// lines ended by LF, CRLF or CR. File is only a name for the faults. The error
// is [Faults] with everything that is wrong with the lines; the Config then
// holds the lines that were understood, so that a caller can look for more
// faults in it. References are judged when a value is asked for, because a value
// in [DEFAULT] may refer to a key that only some sections have.
func ParseConfig(file string, data []byte) (*Config, error) {
	lines, faults := splitLines(file, data)
	s := newScanner(file)
	s.faults = faults
	for _, l := range lines {
		s.scanLine(l)
	}
	cfg, err := s.buildConfig()
	if err != nil {
		return nil, err
	}
	return cfg, s.faults.Err()
}

// WithLookup returns the same document whose references are offered to lookup first.
func (c *Config) WithLookup(lookup Lookup) *Config {
	other := *c
	other.lookup = lookup
	return &other
}

// Sections returns the sections in the order of the file, without [DEFAULT].
func (c *Config) Sections() []*Section { return slices.Clone(c.sections) }

// Section returns the section of that name, nil when there is none. "DEFAULT"
// always exists, if only without keys.
func (c *Config) Section(name string) *Section {
	if name == DefaultSection {
		return c.defaults
	}
	return c.byName[name]
}

// FindKey returns a key as it stands in the section, or in [DEFAULT] when the
// section exists and has none of that name.
func (c *Config) FindKey(section, key string) (Key, bool) {
	s := c.Section(section)
	if s == nil {
		return Key{}, false
	}
	key = lower(key)
	if k, ok := s.findKey(key); ok {
		return k, true
	}
	return c.defaults.findKey(key)
}

// Get returns the resolved value of a key, its own or inherited. ok is false
// when there is no such key or section; a key without a value gives "" and
// true ([Config.Find] tells it apart). The error is [Faults].
func (c *Config) Get(section, key string) (value string, ok bool, err error) {
	k, ok := c.FindKey(section, key)
	if !ok {
		return "", false, nil
	}
	value, fault := c.resolveKey(section, k)
	if fault != nil {
		return "", true, Faults{*fault}
	}
	return value, true, nil
}

// Entries returns every key of the section, own and inherited, resolved, in
// the order of Python's items(): the keys of [DEFAULT] first, then the keys that
// only the section has. The error is [Faults] and names every key that cannot
// be resolved. An absent section has no entries.
func (c *Config) Entries(section string) ([]Entry, error) {
	var entries []Entry
	var faults Faults
	for _, k := range c.visibleKeys(section) {
		value, fault := c.resolveKey(section, k)
		if fault != nil {
			faults = append(faults, *fault)
		}
		entries = append(entries, Entry{Key: k.Name, Value: value, Valued: k.Valued})
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return entries, nil
}

// keys lists the keys of a section, own and inherited, in Python's order.
func (c *Config) visibleKeys(section string) []Key {
	s := c.Section(section)
	if s == nil {
		return nil
	}
	all := slices.Clone(c.defaults.Keys)
	if s == c.defaults {
		return all
	}
	for _, k := range s.Keys {
		if at, inherited := c.defaults.byName[k.Name]; inherited {
			all[at] = k
			continue
		}
		all = append(all, k)
	}
	return all
}

func (s *Section) findKey(name string) (Key, bool) {
	at, ok := s.byName[name]
	if !ok {
		return Key{}, false
	}
	return s.Keys[at], true
}

func (s *Section) addKey(k Key) {
	s.byName[k.Name] = len(s.Keys)
	s.Keys = append(s.Keys, k)
}

func newSection(name, file string, line int) *Section {
	return &Section{Name: name, File: file, Line: line, byName: map[string]int{}}
}
