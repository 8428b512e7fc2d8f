package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/supervisord"
	"initiator/proactor"
)

// loadSupervisord reads a file that is written for supervisord.
func loadSupervisord(path string, env Env) (*Plan, error) {
	f, err := supervisord.Read(path, worldOf(env))
	if err != nil {
		return nil, err
	}
	return newMove(f).plan, nil
}

func worldOf(env Env) supervisord.Environment {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return supervisord.Environment{Lookup: env.Lookup, Host: host}
}

// move makes a plan of what supervisord reads in a file.
type move struct {
	file *supervisord.File
	plan *Plan
	of   []supervisord.Process // of which each of the plan's workers is made
	base string                // where supervisord would be when it starts a process; absolute
	// standard is a program of supervisord's with all its defaults.
	standard Spec
}

func newMove(f *supervisord.File) *move {
	m := &move{file: f, plan: &Plan{File: f.Path, Dir: f.Here}}
	m.base = m.workingDir()
	m.settings()
	m.standard = programStandard()
	for _, g := range f.Groups {
		m.group(g)
	}
	m.plan.rank()
	if len(m.plan.Workers) == 0 {
		m.warn(proactor.Fault{File: f.Path, Problem: "there is no [program:NAME], so nothing will be started"})
	}
	for _, w := range f.Warnings {
		m.warn(w)
	}
	return m
}

func (m *move) warn(f proactor.Fault) { m.plan.Warnings = append(m.plan.Warnings, f.Error()) }

// workingDir is that of the daemon: only a daemon changes it.
func (m *move) workingDir() string {
	dir := "."
	if s := m.file.Settings; s.Directory != "" && !s.NoDaemon {
		dir = s.Directory
	}
	abs, err := filepath.Abs(m.file.ResolveMarks(dir))
	if err != nil { // no working directory any more
		return m.file.Here
	}
	return abs
}

// abs is a path from the working directory.
func (m *move) abs(path string) string {
	if filepath.IsAbs(m.file.ResolveMarks(path)) {
		return filepath.Clean(path)
	}
	return filepath.Join(m.base, path)
}

func (m *move) settings() {
	s := &m.plan.Settings
	applyDefaults(initiatorKeys, s)
	s.StateDir = filepath.Join(m.plan.Dir, s.StateDir)
	s.LogFile = ""
	if file := m.file.Settings.LogFile; file != "" && file != "syslog" && !ownOutput(file) {
		s.LogFile = m.abs(file)
	}
	s.LogMaxBytes, s.LogBackups = max(m.file.Settings.LogFileMaxBytes, 0), max(m.file.Settings.LogFileBackups, 0)
	s.LogLevel = m.file.Settings.LogLevel
	switch s.LogLevel {
	case "critical":
		s.LogLevel = "error"
	case "blather":
		s.LogLevel = "trace"
	}
}

// applyDefaults fills a section as if no key of it were given.
func applyDefaults[S any](rows []row[S], into *S) {
	for _, r := range rows {
		if r.Default != "" {
			if err := r.set(into, r.Default); err != nil {
				panic("default of " + r.Name + ": " + err.Error()) // a slip in the table; a test walks it
			}
		}
	}
}

// programStandard is a [program:x] of which nothing is said. Its law is as
// near to supervisord's as ours comes: a start that fails is tried again until
// it has failed startretries + 1 times in a row, and a program that has run
// for startsecs once is as good as new.
func programStandard() Spec {
	s := Spec{Limits: Limits{Umask: -1}}
	applyDefaults(workerKeys, &s)
	s.Contract, s.Protocol, s.Ready = false, "none", Ready{Kind: "alive"}
	s.StartSecs = time.Second
	r := &s.Restart
	r.Delay, r.DelayMax, r.Jitter, r.Limit, r.Window = time.Second, time.Minute, 0, 0, 0
	r.Reset, r.RetryEarly = time.Millisecond, true
	s.Stdout.Raw, s.Stderr.Raw = true, true
	return s
}

// group adds the processes of one group. Of two with one name supervisord runs
// only one, and says nothing.
func (m *move) group(g supervisord.Group) {
	at := proactor.Fault{File: g.File, Line: g.Line, Section: "group:" + g.Name}
	for _, other := range m.plan.Groups {
		if other.Name == g.Name {
			at.Problem, at.Remedy = "another group has this name, and this one is not started", "rename one of the two"
			m.warn(at)
			return
		}
	}
	made := Group{Name: g.Name, Priority: g.Priority, Strategy: OneForOne}
	for _, p := range g.Processes {
		spec := m.spec(p)
		if _, twice := m.plan.FindSpec(spec.Name); twice {
			at.Problem, at.Remedy = fmt.Sprintf("two processes are called %s, and one is not started", spec.Name), "write another process_name"
			m.warn(at)
			continue
		}
		m.plan.Workers, m.of = append(m.plan.Workers, spec), append(m.of, p)
		made.Programs = append(made.Programs, spec.Name)
	}
	if len(made.Programs) > 0 {
		m.plan.Groups = append(m.plan.Groups, made)
	}
}

// nameOf is how supervisorctl calls a process.
func nameOf(p supervisord.Process) string {
	if p.Group == p.Name {
		return p.Name
	}
	return p.Group + ":" + p.Name
}

func (m *move) spec(p supervisord.Process) Spec {
	s := m.standard
	s.Name, s.File, s.Line, s.Group = nameOf(p), p.Section.File, p.Section.Line, p.Group
	s.Command = p.Argv
	if p.Problem != "" {
		s.Command = []string{p.Command} // which nobody can start, as it is with supervisord
	}
	s.Directory = m.base
	if p.Directory != "" {
		s.Directory = m.abs(p.Directory)
	}
	if s.Directory == m.plan.Dir {
		s.Directory = ""
	}
	s.Environment = environmentOf(p)
	s.Priority, s.Autostart = p.Priority, p.Autostart
	m.life(p, &s)
	m.limits(p, &s)
	s.RedirectStderr = p.RedirectStderr
	s.Stdout = m.log(p, p.Stdout, "stdout")
	s.Stderr = m.log(p, p.Stderr, "stderr")
	if s.RedirectStderr {
		s.Stderr = m.standard.Stderr // of no meaning
		s.Stderr.Path = m.auto("stderr")
	}
	return s
}

// environmentOf is what supervisord adds to the environment. It gives no
// address of its own, where there is nothing to speak its protocol.
func environmentOf(p supervisord.Process) []Entry {
	env := []Entry{
		{Key: "SUPERVISOR_ENABLED", Value: "1", Valued: true},
		{Key: "SUPERVISOR_PROCESS_NAME", Value: p.Name, Valued: true},
		{Key: "SUPERVISOR_GROUP_NAME", Value: p.Group, Valued: true},
	}
	if p.ServerURL != "" {
		env = append(env, Entry{Key: "SUPERVISOR_SERVER_URL", Value: p.ServerURL, Valued: true})
	}
	return overlaid(env, p.Environment)
}

// startSlack is how much longer than startsecs a start may take.
const startSlack = 30 * time.Second

func (m *move) life(p supervisord.Process, s *Spec) {
	s.StartSecs = seconds(p.StartSecs)
	s.StartTimeout = s.StartSecs + startSlack
	s.StopSignal = signalName(p.StopSignal)
	s.StopWait = seconds(p.StopWaitSecs)
	r := &s.Restart
	r.Auto, r.ExitCodes = p.Autorestart, p.ExitCodes
	if len(r.ExitCodes) == 0 {
		r.ExitCodes = m.standard.Restart.ExitCodes
		if r.Auto == "unexpected" { // no code is expected
			r.Auto = "true"
		}
	}
	r.Retries = max(p.StartRetries, 0) + 1
}

// seconds keeps what no timer could count within what one can.
func seconds(n int) time.Duration {
	return time.Duration(min(max(n, 0), 1_000_000_000)) * time.Second
}

// signalName is a signal by its name. Signal 0 does nothing, which comes
// nearest to CONT.
func signalName(n int) string {
	if n == 0 {
		return "CONT"
	}
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return fmt.Sprint(n)
}

// limits are the program's own, else those of the daemon, which its children
// inherit. Who we are already is no change of user, and needs no right to it.
func (m *move) limits(p supervisord.Process, s *Spec) {
	daemon := m.file.Settings
	user, uid := p.User, p.UID
	if user == "" {
		user, uid = daemon.User, daemon.UID
	}
	if user != "" && (os.Geteuid() == 0 || os.Geteuid() != uid) {
		s.Limits.User = user
	}
	switch {
	case p.Umask >= 0:
		s.Limits.Umask = p.Umask & 0o777
	case daemon.Umask >= 0 && !daemon.NoDaemon:
		s.Limits.Umask = daemon.Umask & 0o777
	}
	if daemon.MinFDs > 1024 { // what the default asks for is nearly everywhere the limit already
		s.Limits.NoFile = uint64(daemon.MinFDs)
	}
}

func (m *move) auto(stream string) string {
	return filepath.Join(m.plan.Settings.StateDir, "logs", "{name}.{index}."+stream+".log")
}

func (m *move) log(p supervisord.Process, l supervisord.Log, stream string) Log {
	log := Log{MaxBytes: max(l.MaxBytes, 0), Backups: max(l.Backups, 0), Raw: true}
	switch {
	case l.Kind == supervisord.LogAuto && m.file.Settings.ChildLogDir == "":
		log.Path = m.auto(stream)
	case l.Kind == supervisord.LogAuto:
		name := fmt.Sprintf("%s-%s---%s.log", nameOf(p), stream, m.file.Settings.Identifier)
		log.Path = m.abs(filepath.Join(m.file.Settings.ChildLogDir, name))
	case l.Kind == supervisord.LogNone || l.Path == "/dev/null":
	case ownOutput(l.Path):
		log.Path = "-"
	default:
		log.Path = m.abs(l.Path)
	}
	return log
}

// ownOutput tells the names under which a process finds its own output, which
// here is the initiator's.
func ownOutput(path string) bool {
	switch path {
	case "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", "/proc/self/fd/1", "/proc/self/fd/2":
		return true
	}
	return false
}
