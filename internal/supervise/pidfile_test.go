package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/plan"
)

func TestParsePID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text    string
		pid     int
		problem string
	}{
		{"123\n", 123, ""},
		{"123", 123, ""},
		{" 123 \r\n", 123, ""},
		{"123\n/var/lib/postgresql/data\n1795993200\n5432\n", 123, ""},
		{strings.Repeat(" ", maxPIDLine-1) + "7\n", 7, ""},
		{"", 0, "the file is empty"},
		{"\n123\n", 0, "the file is empty"},
		{"0\n", 0, `the file has "0", which is not a pid`},
		{"-1\n", 0, `the file has "-1", which is not a pid`},
		{"+5\n", 0, `the file has "+5", which is not a pid`},
		{"12 34\n", 0, `the file has "12 34", which is not a pid`},
		{"nginx\n", 0, `the file has "nginx", which is not a pid`},
		{"99999999999999999999\n", 0, `the file has "99999999999999999999", which is not a pid`},
		{strings.Repeat("1", maxPIDLine+1), 0, "the first line of the file has more than 32 bytes"},
	} {
		if pid, problem := parsePID(tt.text); pid != tt.pid || problem != tt.problem {
			t.Errorf("%q: %d %q, want %d %q", tt.text, pid, problem, tt.pid, tt.problem)
		}
	}
}

// TestReadPIDFile: no file stops the reader, and none is read whole.
func TestReadPIDFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pid", "123\n")
	write("huge", strings.Repeat("1", 1<<20))
	if err := os.Symlink("pid", at("link")); err != nil { // of this test's user
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pid": "", "link": "", "missing": "the file does not exist", "huge": "more than 32 bytes", "fifo": "not a regular file", ".": "not a regular file",
	} {
		pid, problem := readPIDFile(at(name))
		if want == "" && (pid != 123 || problem != "") || want != "" && !strings.Contains(problem, want) {
			t.Errorf("%s: %d %q, want %q", name, pid, problem, want)
		}
	}
}

func TestDescribeBackground(t *testing.T) {
	t.Parallel()
	const path = "/run/w.pid"
	for _, tt := range []struct {
		clean, awaited bool
		path, refusal  string
		want           string
	}{
		{true, true, path, "the file is empty", "the program went to the background, and /run/w.pid named no process of this worker: the file is empty"},
		{true, true, path, "", "the program went to the background, and /run/w.pid named no process of this worker: its last process has ended"},
		{false, true, path, "the file is empty", "/run/w.pid named no process of this worker: the file is empty"},
		{true, false, path, "", "the program went to the background, and what it left there was ended: pidfile needs Linux"},
		{true, false, "", "", "the program went to the background, and what it left there was ended: write pidfile = the file"},
	} {
		if got := describeBackground(tt.clean, tt.awaited, tt.path, tt.refusal); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// TestPIDFilePath: the path is relative to the working directory, and has
// placeholders.
func TestPIDFilePath(t *testing.T) {
	t.Parallel()
	l := &loop{plan: &plan.Plan{Dir: "/ini"}}
	for _, tt := range []struct{ directory, pidfile, want string }{
		{"", "", ""},
		{"", "w.pid", "/ini/w.pid"},
		{"/srv", "run/{name}.{index}.pid", "/srv/run/w.1.pid"},
		{"/srv", "/run/w.pid", "/run/w.pid"},
	} {
		w := &worker{index: 1, pool: &pool{}}
		w.rec.Spec = &plan.Spec{Name: "w", Directory: tt.directory, PIDFile: tt.pidfile}
		w.pool.spec = w.rec.Spec
		if got := l.pidFile(w); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
