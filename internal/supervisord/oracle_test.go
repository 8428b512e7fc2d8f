package supervisord

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// supervisord is the real parser of Debian's package, in one python3 process
// that lives as long as the tests.
type supervisord struct {
	once   sync.Once
	mu     sync.Mutex
	absent string // why it cannot run
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

var oracle supervisord

// debianPython is the interpreter that Debian's package installs its module for.
const debianPython = "/usr/bin/python3"

func (o *supervisord) start() {
	if err := exec.Command(debianPython, "-c", "import supervisor.options").Run(); err != nil {
		o.absent = "Debian's package supervisor is not installed: nothing to compare with"
		return
	}
	o.cmd = exec.Command(debianPython, "-u", "testdata/oracle.py")
	o.cmd.Stderr = os.Stderr
	o.cmd.Env = nil
	for name, value := range surroundings {
		o.cmd.Env = append(o.cmd.Env, name+"="+value)
	}
	var out io.Reader
	var err error
	if o.in, err = o.cmd.StdinPipe(); err == nil {
		out, err = o.cmd.StdoutPipe()
	}
	if err == nil {
		o.out = bufio.NewReader(out)
		err = o.cmd.Start()
	}
	if err != nil {
		o.absent = err.Error()
	}
}

func (o *supervisord) close() {
	if o.cmd == nil || o.cmd.Process == nil {
		return
	}
	o.in.Close()
	_ = o.cmd.Wait() // it was asked to end; its exit status does not matter
}

// surroundings is the environment for both readers.
var surroundings = map[string]string{
	"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
	"PORT": "8080", "NOTHING": "", "PERCENT": "50%", "SPACED": "two words", "QUOTED": `say "hi"`, "lower": "low",
}

func world() Environment {
	host, _ := os.Hostname()
	return Environment{
		Host:   host,
		Lookup: func(name string) (string, bool) { v, ok := surroundings[name]; return v, ok },
	}
}

// read returns how supervisord reads a file.
func (o *supervisord) read(t testing.TB, path string) view {
	t.Helper()
	o.once.Do(o.start)
	if o.absent != "" {
		t.Skip(o.absent)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	question, _ := json.Marshal(path)
	if _, err := o.in.Write(append(question, '\n')); err != nil {
		t.Fatalf("ask supervisord: %v", err)
	}
	line, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("ask supervisord: %v", err)
	}
	var v view
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatalf("supervisord answered %q: %v", line, err)
	}
	return v
}

// view is the result of one of the readers for a file.
type view struct {
	Refused     string            `json:"refused"`
	Groups      []groupView       `json:"groups"`
	Environment map[string]string `json:"environment"`
	LogLevel    int               `json:"loglevel"`
	Identifier  string            `json:"identifier"`
	Directory   string            `json:"directory"`
	User        *int              `json:"user"`
	NoDaemon    bool              `json:"nodaemon"`
}

type groupView struct {
	Name      string        `json:"name"`
	Priority  int           `json:"priority"`
	Processes []processView `json:"processes"`
}

type processView struct {
	Name           string            `json:"name"`
	Group          string            `json:"group"`
	Command        string            `json:"command"`
	Argv           []string          `json:"argv"`
	Environment    map[string]string `json:"environment"`
	Directory      string            `json:"directory"`
	UID            *int              `json:"uid"`
	Umask          *int              `json:"umask"`
	Priority       int               `json:"priority"`
	Autostart      bool              `json:"autostart"`
	Autorestart    string            `json:"autorestart"`
	StartSecs      int               `json:"startsecs"`
	StartRetries   int               `json:"startretries"`
	ExitCodes      []int             `json:"exitcodes"`
	StopSignal     int               `json:"stopsignal"`
	StopWaitSecs   int               `json:"stopwaitsecs"`
	StopAsGroup    bool              `json:"stopasgroup"`
	KillAsGroup    bool              `json:"killasgroup"`
	ServerURL      string            `json:"serverurl"`
	RedirectStderr bool              `json:"redirect_stderr"`
	Stdout         logView           `json:"stdout"`
	Stderr         logView           `json:"stderr"`
}

type logView struct {
	Kind     string `json:"kind"`
	Path     string `json:"path"`
	MaxBytes int64  `json:"maxbytes"`
	Backups  int    `json:"backups"`
	Syslog   bool   `json:"syslog"`
	Capture  int64  `json:"capture"`
	Events   bool   `json:"events"`
}

// parsePath reads the file at path and parses it.
func parsePath(path string, environment Environment) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, environment)
}
