package supervisord

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pieces are the parts of odd values.
var pieces = []string{
	"a", "b c", " ", "  ", "\t", ";", " ;", "#", " #", ";x", "=", ":", ",", `"`, "'", `\`, `\"`, "%%", "%%%%", "%", "%(", ")s", "%(here)s",
	"%(ENV_PORT)s", "%(ENV_SPACED)s", "%(ENV_QUOTED)s", "%(ENV_PERCENT)s", "%(ENV_NOTHING)s", "%(ENV_A)s", "%(program_name)s", "%(group_name)s",
	"%(process_num)d", "%(process_num)02d", "%(process_num)-4s|", "%(process_num)#x", "%(process_num) .3d", "%(numprocs)d", "%(nope)s", "%%(process_num)d",
	"\n  ", "\n\n  ", "\n ; c\n  ", "\n\t# c\n\t", "[x]", "]", "-1", "0", "1", "07", "1_0", "+2", "1.5", "10", "KB", "mb", "true", "Off", "AUTO", "none", "syslog",
	"TERM", "sigint", "9", "A=1", `B="x, y"`, "C='z'", "/", "~", "/tmp", ".", "é", "\u00a0", "\x1c", "root", "unexpected",
}

// usual are values that are right for some key.
var usual = []string{
	"true", "no", "5", "0", "50MB", "1kb", "TERM", "HUP", "15", "022", "0,2", "unexpected", "/bin/cat", "sleep 10", "root", "nobody", "AUTO", "NONE",
	"/tmp/x.log", "%(here)s/x.log", "%(program_name)s_%(process_num)02d", `A="1",B='2'`, "a,b", "a", "info", "http://x:1", "/tmp",
}

func drawValue(t *rapid.T) string {
	if rapid.Bool().Draw(t, "usual") {
		return rapid.SampledFrom(usual).Draw(t, "value")
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(t, "pieces"), "")
}

func drawSection(t *rapid.T, b *strings.Builder) {
	header := rapid.SampledFrom([]string{
		"supervisord", "program:a", "program:b", "program:a", "program: c", "group:g", "group:a", "DEFAULT", "include", "unix_http_server", "inet_http_server", "other",
	}).Draw(t, "section")
	indent := rapid.SampledFrom([]string{"", "", "", " "}).Draw(t, "indent")
	b.WriteString(indent + "[" + header + "]" + rapid.SampledFrom([]string{"", " ; c", " x", "#"}).Draw(t, "after") + "\n")
	keys := programKeys
	kind, _, _ := strings.Cut(header, ":")
	if known, ok := keysOf[kind]; ok && rapid.IntRange(0, 9).Draw(t, "own keys") > 0 {
		keys = known
	}
	if kind == "program" && rapid.IntRange(0, 9).Draw(t, "command") > 0 {
		b.WriteString(indent + "command = " + drawCommand(t) + "\n")
	}
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		if key == "files" {
			key = "other"
		}
		delimiter := rapid.SampledFrom([]string{"=", " = ", ":", " : "}).Draw(t, "delimiter")
		b.WriteString(indent + key + delimiter + drawValue(t) + "\n")
	}
}

func drawCommand(t *rapid.T) string {
	return "cat " + drawValue(t)
}

// TestReadsGeneratedFilesAsSupervisordDoes: documents that are made of odd
// pieces are read as supervisord reads them, or refused by both.
func TestReadsGeneratedFilesAsSupervisordDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "generated.conf")
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		if rapid.IntRange(0, 9).Draw(rt, "main") > 0 {
			b.WriteString("[supervisord]\n")
		}
		for range rapid.IntRange(1, 5).Draw(rt, "sections") {
			drawSection(rt, &b)
		}
		doc := b.String()
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			rt.Fatal(err)
		}
		mine := ours(path)
		if tooFar(strings.ReplaceAll(doc, "[include]", "")) || stricter(mine.Refused) {
			return
		}
		theirs := oracle.read(t, path)
		if (theirs.Refused != "") != (mine.Refused != "") {
			rt.Fatalf("%s\nsupervisord: %q\nours:        %q", doc, theirs.Refused, mine.Refused)
		}
		if theirs.Refused == "" {
			accepted++
		}
		theirs.Refused, mine.Refused = "", ""
		if a, b := pretty(theirs), pretty(mine); a != b {
			rt.Fatalf("%s\nsupervisord and we differ:\n%s", doc, differ(a, b))
		}
	})
	t.Logf("both read %d of them", accepted)
}
