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

// imported are the keys that a program of supervisord's can decide, and how
// their values are written. The others have their standard.
var imported = []struct {
	key  string
	text func(*importer, *Spec) string
}{
	{"directory", func(i *importer, s *Spec) string { return i.path(s.Directory) }},
	{"environment", func(i *importer, s *Spec) string { return i.environment(s) }},
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
	{"stopwaitsecs", func(_ *importer, s *Spec) string { return inSeconds(s.StopWait) }},
	{"user", func(_ *importer, s *Spec) string { return s.Limits.User }},
	{"umask", func(_ *importer, s *Spec) string { return fmt.Sprintf("%03o", s.Limits.Umask) }},
	{"limit_nofile", func(_ *importer, s *Spec) string { return strconv.FormatUint(s.Limits.NoFile, 10) }},
	{"redirect_stderr", func(_ *importer, s *Spec) string { return strconv.FormatBool(s.RedirectStderr) }},
	{"stdout_logfile", func(i *importer, s *Spec) string { return i.log(s.Stdout, "stdout") }},
	{"stdout_logfile_maxbytes", func(_ *importer, s *Spec) string { return inBytes(s.Stdout.MaxBytes) }},
	{"stdout_logfile_backups", func(_ *importer, s *Spec) string { return strconv.Itoa(s.Stdout.Backups) }},
	{"stderr_logfile", func(i *importer, s *Spec) string { return i.log(s.Stderr, "stderr") }},
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

// worker writes the worker at an index of the plan, unless it is left out.
func (i *importer) worker(at int, keys []supervisord.Key) {
	real, shown := &i.move.plan.Workers[at], &i.shown.plan.Workers[at]
	name, kept := i.names[real.Name]
	if !kept {
		i.elsewhere(keys)
		return
	}
	command, _ := i.command(i.shown.of[at], real.Command)
	entries := []Entry{written("command", command), written("contract", "off")}
	for _, k := range imported {
		row := workerRow(k.key)
		if !reflect.DeepEqual(row.get(real), row.get(&i.standard)) {
			entries = append(entries, written(k.key, k.text(i, shown)))
		}
	}
	i.section("worker:"+name, entries, keys)
}

func workerRow(name string) row[Spec] {
	at := slices.IndexFunc(workerKeys, func(r row[Spec]) bool { return r.Name == name })
	return workerKeys[at]
}

// command is the line as it stood there, on one line, if that means the same
// here; else its words, quoted.
func (i *importer) command(p supervisord.Process, argv []string) (text, problem string) {
	line := strings.Join(strings.FieldsFunc(p.Command, func(r rune) bool { return r == '\n' }), " ")
	if words, err := split(i.real(line)); err == nil && slices.Equal(words, argv) && written("command", line).UnwritableReason() == "" {
		return line, ""
	}
	var words []string
	for _, word := range argv {
		words = append(words, "'"+strings.ReplaceAll(word, "'", `'\''`)+"'")
	}
	line = strings.Join(words, " ")
	return line, written("command", line).UnwritableReason()
}

// path is one relative to the new file, if it stands beside or below that.
func (i *importer) path(path string) string {
	rest, below := strings.CutPrefix(path, i.move.plan.Dir+string(filepath.Separator))
	if !below {
		return path
	}
	switch strings.ToLower(rest) {
	case "auto", "none", "-":
		return "./" + rest
	}
	return rest
}

func (i *importer) log(l Log, stream string) string {
	switch l.Path {
	case "":
		return "none"
	case "-":
		return l.Path
	case i.shown.auto(stream):
		return "auto"
	}
	return i.path(l.Path)
}

// environment writes NAME="value" for each. One that our form cannot hold is
// left out, and said.
func (i *importer) environment(s *Spec) string {
	var items []string
	for _, e := range s.Environment {
		quote := `"`
		if strings.Contains(e.Value, quote) {
			quote = "'"
		}
		item := e.Key + "=" + quote + e.Value + quote
		read, err := parseEnvironment(item)
		if err != nil || len(read) != 1 || read[0] != e {
			i.note("%s: the variable %s is left out; its name or value cannot be written here", i.names[s.Name], e.Key)
			continue
		}
		items = append(items, item)
	}
	return strings.Join(items, ",")
}
