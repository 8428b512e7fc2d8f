package plan

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"initiator/internal/supervisord"
	"initiator/proactor"
)

// writeSection writes one section. An entry stands where the file had its key,
// with the comments of that key. The entries without a key in the file follow.
func (i *importer) writeSection(name string, entries []Entry, keys []supervisord.Key) {
	i.gapAboveComments()
	fmt.Fprintf(&i.out, "[%s]\n", name)
	done := map[string]bool{}
	for _, k := range keys {
		i.writeComments(k.Comments)
		i.writeComments([]string{k.Comment})
		for _, e := range entries {
			if e.Key == k.Name && !done[e.Key] {
				done[e.Key] = true
				i.writeEntry(name, e)
			}
		}
	}
	for _, e := range entries {
		if !done[e.Key] {
			i.writeEntry(name, e)
		}
	}
	i.writeGap()
}

// gapAboveComments keeps the comments above a header together with the header.
// Each section ends with an empty line, which separates them from the text before.
func (i *importer) gapAboveComments() {
	if i.out.Len() > 0 && !bytes.HasSuffix(i.out.Bytes(), []byte("\n")) {
		i.out.WriteByte('\n')
	}
}

// writeEntry writes one key with its value. A value that an INI file cannot hold
// is left out, and a note says so.
func (i *importer) writeEntry(section string, e Entry) {
	var b bytes.Buffer
	err := proactor.WriteDocument(&b, []proactor.LiteralSection{{Name: "x", Entries: []Entry{e}}})
	if err != nil {
		i.addNote("[%s] %s is left out, because an INI file cannot hold its value: %s", section, e.Key, e.UnwritableReason())
		return
	}
	text := strings.TrimSuffix(strings.TrimPrefix(b.String(), "[x]\n"), "\n")
	i.out.WriteString(i.unmarkVariables(text))
}

var plainVariable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`) })

// unmarkVariables replaces the marks of environment variables by references.
func (i *importer) unmarkVariables(text string) string {
	return supervisord.ExpandMarks(text, func(variable string) string {
		if plainVariable().MatchString(variable) {
			return "${env:" + variable + "}"
		}
		value, _ := i.env.Lookup(variable)
		return strings.ReplaceAll(value, "$", "$$")
	})
}

// realValue returns a value with the environment variables filled in.
func (i *importer) realValue(s string) string { return i.shown.file.ResolveMarks(s) }

func (i *importer) addNote(format string, args ...any) {
	i.notes = append(i.notes, fmt.Sprintf(format, args...))
}

func parseText(name, text string) (*proactor.Config, error) {
	return proactor.ParseConfig(name, []byte(text))
}

// initiatorSection writes [initiator] only when it has an entry.
func (i *importer) initiatorSection(keys []supervisord.Key) {
	entries := i.settingEntries()
	if len(entries) == 0 {
		i.keepComments(keys)
		return
	}
	i.writeSection("initiator", entries, keys)
}

// settingEntries returns the entries of [initiator].
func (i *importer) settingEntries() (entries []Entry) {
	s, shown := i.conversion.plan.Settings, i.shown.plan.Settings
	if s.SocketMode != i.initiator.SocketMode {
		entries = append(entries, entryOf("socket_mode", fmt.Sprintf("%04o", s.SocketMode)))
	}
	if s.SocketGroup != "" {
		entries = append(entries, entryOf("socket_group", s.SocketGroup))
	}
	if s.LogFile != "" {
		entries = append(entries, entryOf("logfile", i.relativePath(shown.LogFile)))
	}
	if s.LogMaxBytes != i.initiator.LogMaxBytes {
		entries = append(entries, entryOf("logfile_maxbytes", inBytes(s.LogMaxBytes)))
	}
	if s.LogBackups != i.initiator.LogBackups {
		entries = append(entries, entryOf("logfile_backups", strconv.Itoa(s.LogBackups)))
	}
	if s.LogLevel != i.initiator.LogLevel {
		entries = append(entries, entryOf("loglevel", s.LogLevel))
	}
	return entries
}
