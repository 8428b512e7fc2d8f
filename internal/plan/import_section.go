package plan

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"initiator/internal/supervisord"
	"initiator/proactor"
)

// section writes one section. Entries stand where the file had their keys,
// with the comments of these; the others follow.
func (i *importer) section(name string, entries []Entry, keys []supervisord.Key) {
	i.gapAboveComments()
	fmt.Fprintf(&i.out, "[%s]\n", name)
	done := map[string]bool{}
	for _, k := range keys {
		i.comments(k.Comments)
		i.comments([]string{k.Comment})
		for _, e := range entries {
			if e.Key == k.Name && !done[e.Key] {
				done[e.Key] = true
				i.entry(name, e)
			}
		}
	}
	for _, e := range entries {
		if !done[e.Key] {
			i.entry(name, e)
		}
	}
	i.gap()
}

// gapAboveComments keeps the comments above a header with it, and apart from
// what is before them. They follow a gap already, which each section writes.
func (i *importer) gapAboveComments() {
	if i.out.Len() > 0 && !bytes.HasSuffix(i.out.Bytes(), []byte("\n")) {
		i.out.WriteByte('\n')
	}
}

// entry writes one key with its value. What an INI cannot hold is left out,
// and said.
func (i *importer) entry(section string, e Entry) {
	var b bytes.Buffer
	err := proactor.WriteDocument(&b, []proactor.LiteralSection{{Name: "x", Entries: []Entry{e}}})
	if err != nil {
		i.note("[%s] %s is left out, for no INI file can hold its value: %s", section, e.Key, e.UnwritableReason())
		return
	}
	text := strings.TrimSuffix(strings.TrimPrefix(b.String(), "[x]\n"), "\n")
	i.out.WriteString(i.referring(text))
}

var plainVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// referring puts references in the places of marks.
func (i *importer) referring(text string) string {
	return supervisord.ExpandMarks(text, func(variable string) string {
		if plainVariable.MatchString(variable) {
			return "${env:" + variable + "}"
		}
		value, _ := i.env.Lookup(variable)
		return strings.ReplaceAll(value, "$", "$$")
	})
}

// real is a value as it is, with the environment in it.
func (i *importer) real(s string) string { return i.shown.file.ResolveMarks(s) }

func (i *importer) note(format string, args ...any) {
	i.notes = append(i.notes, fmt.Sprintf(format, args...))
}

func parseText(name, text string) (*proactor.Config, error) {
	return proactor.ParseConfig(name, []byte(text))
}

// initiatorSection is written only where it would say something.
func (i *importer) initiatorSection(keys []supervisord.Key) {
	entries := i.settings()
	if len(entries) == 0 {
		i.elsewhere(keys)
		return
	}
	i.section("initiator", entries, keys)
}

// settings are the entries of [initiator].
func (i *importer) settings() (entries []Entry) {
	s, shown := i.move.plan.Settings, i.shown.plan.Settings
	if s.LogFile != "" {
		entries = append(entries, written("logfile", i.path(shown.LogFile)))
	}
	if s.LogMaxBytes != i.initiator.LogMaxBytes {
		entries = append(entries, written("logfile_maxbytes", inBytes(s.LogMaxBytes)))
	}
	if s.LogBackups != i.initiator.LogBackups {
		entries = append(entries, written("logfile_backups", strconv.Itoa(s.LogBackups)))
	}
	if s.LogLevel != i.initiator.LogLevel {
		entries = append(entries, written("loglevel", s.LogLevel))
	}
	return entries
}
