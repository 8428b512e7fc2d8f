package plan

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"initiator/internal/supervisord"
)

// ImportSupervisord writes a supervisord.conf in the initiator's dialect, with
// the same workers, the same restart policy and the comments of the file. Read
// from the same folder, the result gives the same specs as the file itself, except
// for changed names. Changes lists in sentences everything that means something
// else than under supervisord. References to the environment stay references. The
// error is the one that [Load] returns for the file.
func ImportSupervisord(path string, env Env) (ini []byte, changes []string, err error) {
	data, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	world := worldOf(env)
	f, err := supervisord.Parse(path, data, world)
	if err != nil {
		return nil, nil, err
	}
	world.Mark = true
	shown, err := supervisord.Parse(path, data, world)
	if err != nil {
		return nil, nil, err
	}
	i := importer{env: env, file: f, conversion: newConversion(f), shown: newConversion(shown), commented: map[string]bool{}}
	if err := i.readStandards(); err != nil {
		return nil, nil, err
	}
	i.nameAll()
	i.writeSections()
	return append(bytes.TrimRight(i.out.Bytes(), "\n"), '\n'), i.listChanges(), nil
}

// importer writes one file.
type importer struct {
	env        Env
	file       *supervisord.File
	conversion *conversion
	shown      *conversion // the same workers, with marks for the environment
	// standard and initiator are the worker and the settings that result from
	// the head of the new file alone.
	standard  Spec
	initiator Settings
	names     map[string]string // from supervisord's name to the new one; without the workers left out
	groups    map[string]string
	commented map[string]bool // sections whose keys have been written
	notes     []string
	out       bytes.Buffer
}

// head is the beginning of the new file, which all its workers share.
const head = `[DEFAULT]
# supervisord's restart policy: a start that fails is tried again after 1, 2, 3 s
# and so on, whatever its exit code, and a start that succeeds clears the failures
# before it. Without these lines the initiator's own policy applies.
startretries = 4
restart_delay = 1s
restart_delay_max = 0
restart_jitter = 0
restart_limit = none
restart_reset = 1ms
retry_early = true
start_timeout = 31s
# Logs as supervisord writes them, without the time before each line.
stdout_logfile_raw = true
stderr_logfile_raw = true
# Every user may read them, as supervisord's.
logfile_mode = 0644
`

// readStandards reads the head to know the values that the new file need not write.
func (i *importer) readStandards() error {
	cfg, err := parseText(i.file.Path, head+"[worker:x]\ncommand = x\ncontract = off\n")
	if err != nil {
		return fmt.Errorf("import %s: %w", i.file.Path, err)
	}
	p, err := MakePlan(cfg, i.file.Path, i.env)
	if err != nil {
		return fmt.Errorf("import %s: %w", i.file.Path, err)
	}
	i.standard, i.initiator = p.Workers[0], p.Settings
	return nil
}

// nameAll chooses a name for each worker and group. Names have no colons here,
// because the text before a colon is the kind of a section. A worker that cannot
// be written gets no name.
func (i *importer) nameAll() {
	i.names, i.groups = map[string]string{}, map[string]string{}
	workers, groups := map[string]bool{"all": true}, map[string]bool{"all": true}
	for at, p := range i.conversion.processes {
		s := &i.conversion.plan.Workers[at]
		_, problem := i.formatImported(i.shown.processes[at], s.Command)
		if p.Problem != "" {
			problem = p.Problem
		}
		if problem != "" {
			i.addNote("%s is left out: %s", s.Name, problem)
			continue
		}
		name := s.Name
		if strings.HasPrefix(p.Name, p.Group) {
			name = p.Name // the group's is part of it already
		}
		i.names[s.Name] = freeName(name, workers)
	}
	for _, g := range i.conversion.plan.Groups {
		i.groups[g.Name] = freeName(g.Name, groups)
	}
}

// freeName returns the name in a valid spelling, with a number when it is taken.
func freeName(name string, taken map[string]bool) string {
	base := saneWord(name)
	word := base
	for n := 2; taken[word]; n++ {
		word = fmt.Sprintf("%s-%d", base, n)
	}
	taken[word] = true
	return word
}

// saneWord makes a valid name of a supervisord name.
func saneWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == ':':
			return '.'
		case strings.ContainsRune("._-", r), r < 0x80 && saneName().MatchString(string(r)):
			return r
		}
		return '-'
	}, s)
	if !saneName().MatchString(s) {
		s = "x" + s
	}
	return s
}

// writeSections writes the file's sections in their order.
func (i *importer) writeSections() {
	fmt.Fprintf(&i.out, "# Imported from supervisord's %s.\n\n%s\n", filepath.Base(i.file.Path), head)
	for _, s := range i.file.Sections {
		i.writeComments(s.Comments)
		i.writeComments([]string{s.Comment})
		kind, _, _ := strings.Cut(s.Name, ":")
		switch {
		case i.commented[s.Name]: // a second section of the name, whose keys stand at the first
		case kind == "supervisord":
			i.initiatorSection(i.keysOf(s.Name))
		case kind == "program":
			i.writeProgram(s)
		case kind == "group":
			i.writeExplicitGroup(s)
		default:
			i.keepComments(i.keysOf(s.Name))
		}
		i.commented[s.Name] = true
		i.writeComments(s.After)
		i.writeGap()
	}
}

// writeGap ends a block with one empty line.
func (i *importer) writeGap() {
	if !bytes.HasSuffix(i.out.Bytes(), []byte("\n\n")) {
		i.out.WriteByte('\n')
	}
}

func (i *importer) writeComments(lines []string) {
	for _, line := range lines {
		if line != "" {
			i.out.WriteString(strings.ReplaceAll(line, "\x00", "") + "\n")
		}
	}
}

// keysOf returns the keys of all sections of one name, for their comments.
func (i *importer) keysOf(section string) (keys []supervisord.Key) {
	for _, s := range i.file.Sections {
		if s.Name == section {
			keys = append(keys, s.Keys...)
		}
	}
	return keys
}

// writeProgram writes the workers of one [program:x]. The comments stand at the
// first worker.
func (i *importer) writeProgram(s *supervisord.Section) {
	keys := i.keysOf(s.Name)
	var groups []string
	for at, p := range i.conversion.processes {
		if p.Section.Name != s.Name {
			continue
		}
		i.writeWorker(at, keys)
		keys = nil
		groups = append(groups, p.Group)
	}
	i.keepComments(keys)
	for at, g := range i.conversion.plan.Groups {
		if len(groups) > 0 && g.Name == groups[0] && !i.isExplicit(g.Name) && i.needsGroup(g) {
			i.writeGroup(&i.conversion.plan.Groups[at], nil)
		}
	}
}

// keepComments keeps the comments of keys that have no counterpart.
func (i *importer) keepComments(keys []supervisord.Key) {
	for _, k := range keys {
		i.writeComments(k.Comments)
		i.writeComments([]string{k.Comment})
	}
}

func (i *importer) isExplicit(group string) bool {
	for _, g := range i.file.Groups {
		if g.Name == group {
			return g.Explicit
		}
	}
	return false
}

// needsGroup reports whether a group is more than another name of its only
// program.
func (i *importer) needsGroup(g Group) bool {
	return len(g.Programs) > 1 || g.Programs[0] != g.Name || i.isExplicit(g.Name)
}

func (i *importer) writeExplicitGroup(s *supervisord.Section) {
	_, raw, _ := strings.Cut(s.Name, ":")
	for at := range i.conversion.plan.Groups {
		if g := &i.conversion.plan.Groups[at]; g.Name == strings.TrimSpace(raw) && i.isExplicit(g.Name) {
			i.writeGroup(g, i.keysOf(s.Name))
			return
		}
	}
	i.keepComments(i.keysOf(s.Name))
}

func (i *importer) writeGroup(g *Group, keys []supervisord.Key) {
	var programs []string
	for _, p := range g.Programs {
		if name, kept := i.names[p]; kept {
			programs = append(programs, name)
		}
	}
	if len(programs) == 0 {
		i.keepComments(keys)
		return
	}
	entries := []Entry{entryOf("programs", strings.Join(programs, ", "))}
	if g.Priority != 999 {
		entries = append(entries, entryOf("priority", fmt.Sprint(g.Priority)))
	}
	i.writeSection("group:"+i.groups[g.Name], entries, keys)
}

func entryOf(key, value string) Entry { return Entry{Key: key, Value: value, Valued: true} }
