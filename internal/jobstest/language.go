package jobstest

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/testlength"
)

// Language is a language with a worker library of ours.
type Language struct {
	Name    string // Go, Python or Node
	program string // "" = the test binary
	library string // the file in package jobs
	table   string // the line of the library that names its handlers
	// lowered are bounds in the library and what replaces them, so that a test can
	// exceed a bound quickly.
	lowered [][2]string
	// turn is the position among the languages in which a test runs, from 0, and turns
	// is their number.
	turn, turns int
}

var languages = []Language{
	{Name: "Go"},
	{Name: "Python", program: "python3", library: "worker.py", table: `HANDLERS = {"sum": sum_ab}`, lowered: [][2]string{{"MAX_BODY = 64 * MIB", "MAX_BODY = 2 * MIB"}, {"= MIB, 16 * MIB,", "= MIB, 2 * MIB,"}}},
	{Name: "Node", program: "node", library: "worker.mjs", table: `const handlers = { sum };`, lowered: [][2]string{{"maxBody = 64 * MiB", "maxBody = 2 * MiB"}, {"maxAllProgress = 16 * MiB", "maxAllProgress = 2 * MiB"}}},
}

//go:embed handlers.py handlers.mjs
var scripts embed.FS

// Each runs a test with a worker in each language, as a parallel subtest. The
// worker has the handlers of this package and, in a script, bounds of 2 MiB for a
// result and for all progress of a heartbeat, and command starts it. Dir is the
// folder of package jobs. Self starts the test binary as a worker with
// [Handlers]; nil leaves out Go. A language that is not installed is skipped.
func Each(t *testing.T, dir string, self []string, test func(t *testing.T, l Language, command []string)) {
	t.Helper()
	t.Parallel()
	for _, l := range takeTurns(self != nil) {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			command := self
			if l.program != "" {
				command = l.script(t, dir)
			}
			test(t, l, command)
		})
	}
}

// takeTurns returns the languages of a test, with or without Go, and gives a turn to
// those that are installed.
func takeTurns(withGo bool) (all []Language) {
	turns := 0
	for _, l := range languages {
		if l.program == "" && !withGo {
			continue
		}
		l.turn = turns
		if l.isInstalled() {
			turns++
		}
		all = append(all, l)
	}
	for i := range all {
		all[i].turns = turns
	}
	return all
}

// isInstalled reports whether there is a program for the language.
func (l Language) isInstalled() bool {
	if l.program == "" {
		return true
	}
	_, err := exec.LookPath(l.program)
	return err == nil
}

// TakesRow reports whether a test runs a row of its table in this language. At full
// length every row runs in every language. Otherwise each row runs in one language and
// the next row in the next language, because each start of an interpreter costs time.
func (l Language) TakesRow(row int) bool {
	return testlength.Count(0, 1) == 1 || row%l.turns == l.turn
}

// script returns the command of a worker that is a script.
func (l Language) script(t *testing.T, dir string) []string {
	t.Helper()
	if !l.isInstalled() {
		t.Skipf("%s is not installed, so %s is not tested here", l.program, l.library)
	}
	text, err := scripts.ReadFile("handlers" + filepath.Ext(l.library))
	if err != nil {
		t.Fatal(err)
	}
	path := Script(t, filepath.Join(dir, l.library), l.table, string(text))
	for _, bound := range l.lowered {
		replaceOnce(t, path, bound[0], bound[1])
	}
	return []string{l.program, path}
}

// Script writes a worker library with other lines in the place of one of its
// lines, as the first comment of the library suggests, and returns the path.
func Script(t *testing.T, library, line string, instead ...string) string {
	t.Helper()
	text, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(library))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	replaceOnce(t, path, line, strings.Join(instead, "\n"))
	return path
}

// replaceOnce replaces a text that stands in a file exactly once.
func replaceOnce(t *testing.T, path, text, instead string) {
	t.Helper()
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(all), text); n != 1 {
		t.Fatalf("%s stands %d times in %s, want once", text, n, path)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(all), text, instead, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
