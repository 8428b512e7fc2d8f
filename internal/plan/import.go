package plan

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"initiator/internal/supervisord"
)

// ImportSupervisord writes a file of supervisord's in our own dialect: the same workers
// under the same law, with the comments of the file. Read back from the same
// folder it gives the specs that the file itself gives, but for the names in
// changes, which lists in sentences all that has another meaning than under
// supervisord. References to the environment stay references. The error is
// what [Load] would say of the file.
func ImportSupervisord(path string, env Env) (ini []byte, changes []string, err error) {
	world := worldOf(env)
	f, err := supervisord.Read(path, world)
	if err != nil {
		return nil, nil, err
	}
	world.Mark = true
	shown, err := supervisord.Read(path, world)
	if err != nil {
		return nil, nil, err
	}
	i := importer{env: env, file: f, move: newMove(f), shown: newMove(shown), commented: map[string]bool{}}
	if err := i.standards(); err != nil {
		return nil, nil, err
	}
	i.nameAll()
	i.write()
	return append(bytes.TrimRight(i.out.Bytes(), "\n"), '\n'), i.changes(), nil
}

// importer writes one file.
type importer struct {
	env   Env
	file  *supervisord.File
	move  *move
	shown *move // the same workers, with marks for the environment
	// standard is a worker, and initiator are settings, of which the new file
	// says nothing but what stands at its head.
	standard  Spec
	initiator Settings
	names     map[string]string // of supervisord's to ours; without what is left out
	groups    map[string]string
	commented map[string]bool // sections whose keys have been written
	notes     []string
	out       bytes.Buffer
}

// head is what all workers of the new file share.
const head = `[DEFAULT]
# The law that is nearest to supervisord's: a start that fails is tried again,
# whatever its exit code, and one that has succeeded makes a worker as good as
# new. Without these lines the initiator's own law holds.
startretries = 4
restart_delay = 1s
restart_jitter = 0
restart_limit = none
restart_reset = 1ms
retry_early = true
start_timeout = 31s
# Logs as supervisord writes them, without the time before each line.
stdout_logfile_raw = true
stderr_logfile_raw = true
`

// standards reads the head as the new file's readers will.
func (i *importer) standards() error {
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

// nameAll finds a name of ours for each worker and group: ours have no colons,
// for what stands before one is another kind of thing. A worker that cannot be
// written has no name.
func (i *importer) nameAll() {
	i.names, i.groups = map[string]string{}, map[string]string{}
	workers, groups := map[string]bool{"all": true}, map[string]bool{"all": true}
	for at, p := range i.move.of {
		s := &i.move.plan.Workers[at]
		_, problem := i.command(i.shown.of[at], s.Command)
		if p.Problem != "" {
			problem = p.Problem
		}
		if problem != "" {
			i.note("%s is left out: %s", s.Name, problem)
			continue
		}
		name := s.Name
		if strings.HasPrefix(p.Name, p.Group) {
			name = p.Name // the group's is part of it already
		}
		i.names[s.Name] = free(name, workers)
	}
	for _, g := range i.move.plan.Groups {
		i.groups[g.Name] = free(g.Name, groups)
	}
}

// free is the name in our spelling, with a number where that is taken.
func free(name string, taken map[string]bool) string {
	base := saneWord(name)
	word := base
	for n := 2; taken[word]; n++ {
		word = fmt.Sprintf("%s-%d", base, n)
	}
	taken[word] = true
	return word
}

// saneWord makes a name of ours of one of supervisord's.
func saneWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == ':':
			return '.'
		case strings.ContainsRune("._-", r), r < 0x80 && saneName.MatchString(string(r)):
			return r
		}
		return '-'
	}, s)
	if !saneName.MatchString(s) {
		s = "x" + s
	}
	return s
}

// write goes through the file's sections in their order.
func (i *importer) write() {
	fmt.Fprintf(&i.out, "# Imported from supervisord's %s.\n\n%s\n", filepath.Base(i.file.Path), head)
	for _, s := range i.file.Sections {
		i.comments(s.Comments)
		i.comments([]string{s.Comment})
		kind, _, _ := strings.Cut(s.Name, ":")
		switch {
		case i.commented[s.Name]: // a second section of the name, whose keys stand at the first
		case kind == "supervisord":
			i.initiatorSection(i.keysOf(s.Name))
		case kind == "program":
			i.program(s)
		case kind == "group":
			i.groupOf(s)
		default:
			i.elsewhere(i.keysOf(s.Name))
		}
		i.commented[s.Name] = true
		i.comments(s.After)
		i.gap()
	}
}

// gap ends a block with one empty line.
func (i *importer) gap() {
	if !bytes.HasSuffix(i.out.Bytes(), []byte("\n\n")) {
		i.out.WriteByte('\n')
	}
}

func (i *importer) comments(lines []string) {
	for _, line := range lines {
		if line != "" {
			i.out.WriteString(strings.ReplaceAll(line, "\x00", "") + "\n")
		}
	}
}

// keysOf are the keys of all sections of one name, for their comments.
func (i *importer) keysOf(section string) (keys []supervisord.Key) {
	for _, s := range i.file.Sections {
		if s.Name == section {
			keys = append(keys, s.Keys...)
		}
	}
	return keys
}

// program writes the workers of one [program:x]; the comments stand at the
// first of them.
func (i *importer) program(s *supervisord.Section) {
	keys := i.keysOf(s.Name)
	var groups []string
	for at, p := range i.move.of {
		if p.Section.Name != s.Name {
			continue
		}
		i.worker(at, keys)
		keys = nil
		groups = append(groups, p.Group)
	}
	i.elsewhere(keys)
	for at, g := range i.move.plan.Groups {
		if len(groups) > 0 && g.Name == groups[0] && !i.isExplicit(g.Name) && i.grouped(g) {
			i.group(&i.move.plan.Groups[at], nil)
		}
	}
}

// elsewhere keeps the comments of keys that nothing was made of.
func (i *importer) elsewhere(keys []supervisord.Key) {
	for _, k := range keys {
		i.comments(k.Comments)
		i.comments([]string{k.Comment})
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

// grouped says whether a group is more than its only program by another name.
func (i *importer) grouped(g Group) bool {
	return len(g.Programs) > 1 || g.Programs[0] != g.Name || i.isExplicit(g.Name)
}

func (i *importer) groupOf(s *supervisord.Section) {
	_, raw, _ := strings.Cut(s.Name, ":")
	for at := range i.move.plan.Groups {
		if g := &i.move.plan.Groups[at]; g.Name == strings.TrimSpace(raw) && i.isExplicit(g.Name) {
			i.group(g, i.keysOf(s.Name))
			return
		}
	}
	i.elsewhere(i.keysOf(s.Name))
}

func (i *importer) group(g *Group, keys []supervisord.Key) {
	var programs []string
	for _, p := range g.Programs {
		if name, kept := i.names[p]; kept {
			programs = append(programs, name)
		}
	}
	if len(programs) == 0 {
		i.elsewhere(keys)
		return
	}
	entries := []Entry{written("programs", strings.Join(programs, ", "))}
	if g.Priority != 999 {
		entries = append(entries, written("priority", fmt.Sprint(g.Priority)))
	}
	i.section("group:"+i.groups[g.Name], entries, keys)
}

func written(key, value string) Entry { return Entry{Key: key, Value: value, Valued: true} }
