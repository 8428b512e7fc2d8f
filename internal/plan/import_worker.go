package plan

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"initiator/internal/supervisord"
)

// imported are the keys that a supervisord program can set, and how their values
// are written. All other keys keep their defaults.
var imported = []struct {
	key  string
	text func(*importer, *Spec) string
}{
	{"directory", func(i *importer, s *Spec) string { return i.relativePath(s.Directory) }},
	{"environment", func(i *importer, s *Spec) string { return i.environmentValue(s) }},
	{"priority", func(_ *importer, s *Spec) string { return strconv.Itoa(s.Priority) }},
	{"autostart", func(_ *importer, s *Spec) string { return strconv.FormatBool(s.Autostart) }},
	{"startsecs", func(_ *importer, s *Spec) string { return inSeconds(s.StartSecs) }},
	{"start_timeout", func(_ *importer, s *Spec) string { return inSeconds(s.StartTimeout) }},
	{"startretries", func(_ *importer, s *Spec) string { return strconv.Itoa(s.Restart.Retries) }},
	{"autorestart", func(_ *importer, s *Spec) string { return s.Restart.Auto }},
	{"exitcodes", func(_ *importer, s *Spec) string {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Restart.ExitCodes), " ", ","), "[]")
	}},
	{"stopsignal", func(_ *importer, s *Spec) string { return s.StopSignal }},
	{"stopasgroup", func(_ *importer, s *Spec) string { return s.StopAsGroup }},
	{"leave_descendants", func(_ *importer, s *Spec) string { return s.LeaveDescendants }},
	{"stopwaitsecs", func(_ *importer, s *Spec) string { return inSeconds(s.StopWait) }},
	{"user", func(_ *importer, s *Spec) string { return s.Limits.User }},
	{"umask", func(_ *importer, s *Spec) string { return fmt.Sprintf("%03o", s.Limits.Umask) }},
	{"limit_nofile", func(_ *importer, s *Spec) string { return strconv.FormatUint(s.Limits.NoFile, 10) }},
	{"logfile_mode", func(_ *importer, s *Spec) string { return fileMode.format(s.LogFiles.Mode) }},
	{"redirect_stderr", func(_ *importer, s *Spec) string { return strconv.FormatBool(s.RedirectStderr) }},
	{"stdout_logfile", func(i *importer, s *Spec) string { return i.logValue(s.Stdout, "stdout") }},
	{"stdout_logfile_maxbytes", func(_ *importer, s *Spec) string { return inBytes(s.Stdout.MaxBytes) }},
	{"stdout_logfile_backups", func(_ *importer, s *Spec) string { return strconv.Itoa(s.Stdout.Backups) }},
	{"stderr_logfile", func(i *importer, s *Spec) string { return i.logValue(s.Stderr, "stderr") }},
	{"stderr_logfile_maxbytes", func(_ *importer, s *Spec) string { return inBytes(s.Stderr.MaxBytes) }},
	{"stderr_logfile_backups", func(_ *importer, s *Spec) string { return strconv.Itoa(s.Stderr.Backups) }},
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func inBytes(n int64) string {
	if n > 0 && n%(1<<20) == 0 {
		return fmt.Sprintf("%dMB", n>>20)
	}
	return strconv.FormatInt(n, 10)
}

// writeWorker writes the worker at an index of the plan, unless it is left out.
func (i *importer) writeWorker(at int, keys []supervisord.Key) {
	real, shown := &i.conversion.plan.Workers[at], &i.shown.plan.Workers[at]
	name, kept := i.names[real.Name]
	if !kept {
		i.keepComments(keys)
		return
	}
	command, _ := i.formatImported(i.shown.processes[at], real.Command)
	entries := []Entry{entryOf("command", command), entryOf("contract", "off")}
	for _, k := range imported {
		row := workerRow(k.key)
		if !reflect.DeepEqual(row.get(real), row.get(&i.standard)) {
			entries = append(entries, entryOf(k.key, k.text(i, shown)))
		}
	}
	i.writeSection("worker:"+name, entries, keys)
}

func workerRow(name string) row[Spec] {
	at := slices.IndexFunc(workerKeys, func(r row[Spec]) bool { return r.Name == name })
	return workerKeys[at]
}

// formatImported returns the command as it stands in the file, on one line, when it
// means the same here but for braces. Otherwise it returns the quoted words.
func (i *importer) formatImported(p supervisord.Process, argv []string) (text, problem string) {
	argv = slices.Clone(argv)
	for i, word := range argv {
		argv[i] = escapeBraces(word)
	}
	line := escapeBraces(strings.Join(strings.FieldsFunc(p.Command, func(r rune) bool { return r == '\n' }), " "))
	if words, err := splitCommand(i.realValue(line)); err == nil && slices.Equal(words, argv) && entryOf("command", line).UnwritableReason() == "" {
		return line, ""
	}
	var words []string
	for _, word := range argv {
		words = append(words, quoteWord(word))
	}
	line = strings.Join(words, " ")
	return line, entryOf("command", line).UnwritableReason()
}

// relativePath returns a path relative to the new file when it lies beside or below
// that file.
func (i *importer) relativePath(path string) string {
	rest, below := strings.CutPrefix(path, i.conversion.plan.Dir+string(filepath.Separator))
	if !below {
		return path
	}
	switch strings.ToLower(rest) {
	case "auto", "none", "-":
		return "./" + rest
	}
	return rest
}

func (i *importer) logValue(l Log, stream string) string {
	switch l.Path {
	case "":
		return "none"
	case OwnOutput:
		return l.Path
	case i.shown.autoLogPath(stream):
		return "auto"
	}
	return i.relativePath(l.Path)
}

// environmentValue writes NAME="value" for each variable. A variable that cannot be
// written in this form is left out, and a note says so.
func (i *importer) environmentValue(s *Spec) string {
	var items []string
	for _, e := range s.Environment {
		e.Value = escapeBraces(e.Value)
		item := quoteVariable(e)
		read, err := parseEnvironment(item)
		if err != nil || len(read) != 1 || read[0] != e {
			i.addNote("%s: the variable %s is left out; its name or value cannot be written here", i.names[s.Name], e.Key)
			continue
		}
		items = append(items, item)
	}
	return strings.Join(items, ",")
}
