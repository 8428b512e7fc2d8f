package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/loglevel"
	"initiator/internal/supervisord"
	"initiator/proactor"
)

// loadSupervisord makes the plan of a file that is written for supervisord.
// Data is the content of the file.
func loadSupervisord(path string, data []byte, env Env) (*conversion, error) {
	f, err := supervisord.Parse(path, data, worldOf(env))
	if err != nil {
		return nil, err
	}
	m := newConversion(f)
	m.plan.Warnings = append(m.plan.Warnings, fileWarnings(path)...)
	for _, included := range f.Settings.Included {
		m.plan.Warnings = append(m.plan.Warnings, fileWarnings(included)...)
	}
	if s := f.Settings; s.SocketUser != "" && s.SocketUID != os.Geteuid() {
		m.plan.Warnings = append(m.plan.Warnings, m.socketWarning("socket_group", "the initiator's own socket belongs to the user that runs the initiator", ""))
	}
	m.plan.Warnings = append(m.plan.Warnings, m.plan.Settings.socketWarnings(m.socketWarning)...)
	return m, nil
}

// socketWarning is a warning about the section that the socket's settings came
// from.
func (m *conversion) socketWarning(key, problem, _ string) string {
	names := map[string]string{"socket_mode": "chmod", "socket_group": "chown"}
	return proactor.Fault{File: m.file.Path, Section: "unix_http_server", Key: names[key], Problem: problem, Remedy: "write chmod = 0770 and chown = USER:GROUP"}.Error()
}

func worldOf(env Env) supervisord.Environment {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return supervisord.Environment{Lookup: env.Lookup, Host: host}
}

// conversion makes a plan of a file that supervisord's reader has read.
type conversion struct {
	file      *supervisord.File
	plan      *Plan
	processes []supervisord.Process // the process of each of the plan's workers
	base      string                // where supervisord would be when it starts a process; absolute
	// standard is a supervisord program with all defaults.
	standard Spec
}

func newConversion(f *supervisord.File) *conversion {
	m := &conversion{file: f, plan: &Plan{File: f.Path, Dir: f.Here}}
	m.base = m.workingDir()
	m.convertSettings()
	m.standard = programStandard()
	if s := f.Settings; s.Umask >= 0 && !s.NoDaemon {
		m.standard.LogFiles.Mode &^= uint32(s.Umask)
	}
	m.plan.Settings.LogFiles = m.standard.LogFiles
	for _, g := range f.Groups {
		m.convertGroup(g)
	}
	m.plan.setGroupPriorities()
	if len(m.plan.Workers) == 0 {
		m.addWarning(proactor.Fault{File: f.Path, Problem: "there is no [program:NAME], so nothing will be started"})
	}
	for _, w := range f.Warnings {
		m.addWarning(w)
	}
	m.warnShellWords()
	return m
}

// warnShellWords warns of commands that expect a shell, once for each program.
func (m *conversion) warnShellWords() {
	warned := map[*supervisord.Section]bool{}
	for i, p := range m.processes {
		if problem, remedy := shellMistake(p.Command); problem != "" && !warned[p.Section] {
			warned[p.Section] = true
			m.addWarning(m.faultAt(&m.plan.Workers[i], "command", problem, remedy))
		}
	}
}

// faultAt returns a fault of a worker of the plan, at the line of a key.
func (m *conversion) faultAt(s *Spec, key, problem, remedy string) proactor.Fault {
	f := proactor.Fault{File: s.File, Line: s.Line, Section: s.Name, Problem: problem, Remedy: remedy}
	at := slices.IndexFunc(m.plan.Workers, func(w Spec) bool { return w.Name == s.Name })
	if at < 0 {
		return f
	}
	section := m.processes[at].Section
	f.Section = section.Name
	for _, k := range section.Keys {
		if k.Name == key {
			f.File, f.Line, f.Key = k.File, k.Line, key
		}
	}
	return f
}

func (m *conversion) addWarning(f proactor.Fault) {
	m.plan.Warnings = append(m.plan.Warnings, f.Error())
}

// workingDir returns the working directory of supervisord, which changes it only
// when it runs as a daemon.
func (m *conversion) workingDir() string {
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

// absolutePath returns a path relative to the working directory as an absolute path.
func (m *conversion) absolutePath(path string) string {
	if filepath.IsAbs(m.file.ResolveMarks(path)) {
		return filepath.Clean(path)
	}
	return filepath.Join(m.base, path)
}

func (m *conversion) convertSettings() {
	s := &m.plan.Settings
	applyDefaults(initiatorKeys, s)
	s.StateDir = filepath.Join(m.plan.Dir, s.StateDir)
	s.LogFile = ""
	switch file := m.file.Settings.LogFile; file {
	case "", "syslog":
	default:
		own, ok := ownLogFile(file, m.absolutePath)
		if s.LogFile = own; !ok {
			s.LogFile = m.absolutePath(file)
		}
	}
	s.LogMaxBytes, s.LogBackups = max(m.file.Settings.LogFileMaxBytes, 0), max(m.file.Settings.LogFileBackups, 0)
	if m.file.Settings.Socket != "" {
		s.SocketMode, s.SocketGroup = uint32(m.file.Settings.SocketMode), m.file.Settings.SocketGroup
	}
	s.LogLevel = m.file.Settings.LogLevel
	switch s.LogLevel {
	case "critical":
		s.LogLevel = "error"
	case "blather":
		s.LogLevel = "trace"
	}
}

// applyDefaults fills a section with the defaults of its key table.
func applyDefaults[S any](rows []row[S], into *S) {
	for _, r := range rows {
		if r.Default != "" {
			if err := r.set(into, r.Default); err != nil {
				panic("default of " + r.Name + ": " + err.Error()) // a slip in the table; a test walks it
			}
		}
	}
}

// programStandard returns the spec of a [program:x] without keys. Its restart
// policy is supervisord's: a start that fails is tried again after 1 s, then 2 s,
// 3 s and so on, until it has failed startretries + 1 times in a row, and a
// program that has run for startsecs once has no failures on its record.
func programStandard() Spec {
	s := Spec{Limits: Limits{Umask: -1}, FromSupervisord: true}
	applyDefaults(workerKeys, &s)
	s.Contract, s.Protocol, s.Ready = false, "none", Ready{Kind: "alive"}
	s.LogParse = loglevel.None
	s.StartSecs = time.Second
	s.LogFiles = LogFiles{Mode: 0o644, UnderUmask: true}
	s.StopAsGroup, s.LeaveDescendants = GroupFalse, LeaveExit
	r := &s.Restart
	r.Delay, r.DelayMax, r.Jitter, r.Limit, r.Window = time.Second, 0, 0, 0, 0
	r.Reset, r.RetryEarly = time.Millisecond, true
	s.Stdout.Raw, s.Stderr.Raw = true, true
	return s
}

// convertGroup adds the processes of one group. Of two groups or processes with
// the same name, supervisord silently runs only one; the plan has a warning.
func (m *conversion) convertGroup(g supervisord.Group) {
	at := proactor.Fault{File: g.File, Line: g.Line, Section: "group:" + g.Name}
	for _, other := range m.plan.Groups {
		if other.Name == g.Name {
			at.Problem, at.Remedy = "another group has this name, and this one is not started", "rename one of the two"
			m.addWarning(at)
			return
		}
	}
	made := Group{Name: g.Name, Priority: g.Priority, Strategy: OneForOne}
	for _, p := range g.Processes {
		spec := m.convertProcess(p)
		if _, twice := m.plan.FindSpec(spec.Name); twice {
			at.Problem, at.Remedy = fmt.Sprintf("two processes are called %s, and one is not started", spec.Name), "write another process_name"
			m.addWarning(at)
			continue
		}
		m.plan.Workers, m.processes = append(m.plan.Workers, spec), append(m.processes, p)
		made.Programs = append(made.Programs, spec.Name)
	}
	if len(made.Programs) > 0 {
		m.plan.Groups = append(m.plan.Groups, made)
	}
}

// nameOf returns the name of a process in supervisorctl.
func nameOf(p supervisord.Process) string {
	if p.Group == p.Name {
		return p.Name
	}
	return p.Group + ":" + p.Name
}

func (m *conversion) convertProcess(p supervisord.Process) Spec {
	s := m.standard
	s.Name, s.File, s.Line, s.Group = nameOf(p), p.Section.File, p.Section.Line, p.Group
	s.Command = p.Argv
	if p.Problem != "" {
		s.Command = []string{p.Command} // the command cannot be started, as with supervisord
	}
	s.Directory = m.base
	if p.Directory != "" {
		s.Directory = m.absolutePath(p.Directory)
	}
	if s.Directory == m.plan.Dir {
		s.Directory = ""
	}
	s.Environment = environmentOf(p)
	s.Priority, s.Autostart = p.Priority, p.Autostart
	m.convertLife(p, &s)
	m.convertLimits(p, &s)
	s.RedirectStderr = p.RedirectStderr
	s.Stdout = m.convertLog(p, p.Stdout, "stdout")
	s.Stderr = m.convertLog(p, p.Stderr, "stderr")
	if s.RedirectStderr {
		s.Stderr = m.standard.Stderr // unused with redirect_stderr
		s.Stderr.Path = m.autoLogPath("stderr")
	}
	return s
}

// environmentOf returns the variables that supervisord adds to the environment. It
// sets SUPERVISOR_SERVER_URL only when the file says serverurl, because the
// initiator does not speak supervisord's protocol.
func environmentOf(p supervisord.Process) []Entry {
	env := []Entry{
		{Key: "SUPERVISOR_ENABLED", Value: "1", Valued: true},
		{Key: "SUPERVISOR_PROCESS_NAME", Value: p.Name, Valued: true},
		{Key: "SUPERVISOR_GROUP_NAME", Value: p.Group, Valued: true},
	}
	if p.ServerURL != "" {
		env = append(env, Entry{Key: "SUPERVISOR_SERVER_URL", Value: p.ServerURL, Valued: true})
	}
	return overlayEntries(env, p.Environment)
}

// startSlack is the time that a start may take beyond startsecs.
const startSlack = 30 * time.Second

func (m *conversion) convertLife(p supervisord.Process, s *Spec) {
	s.StartSecs = clampSeconds(p.StartSecs)
	s.StartTimeout = s.StartSecs + startSlack
	s.StopSignal, s.StopAsGroup = signalName(p.StopSignal), strconv.FormatBool(p.StopAsGroup)
	s.StopWait = clampSeconds(p.StopWaitSecs)
	r := &s.Restart
	r.Auto, r.ExitCodes = p.Autorestart, p.ExitCodes
	if !p.AutorestartGiven {
		r.Assumed.Auto = assumedAuto(r.Auto)
	}
	if len(r.ExitCodes) == 0 {
		r.ExitCodes = m.standard.Restart.ExitCodes
		if r.Auto == "unexpected" { // no code is expected
			r.Auto, r.Assumed.Auto = "true", "exitcodes names no code"
		}
	}
	r.Retries = max(p.StartRetries, 0) + 1
	r.Assumed.Retries = fmt.Sprintf("startretries = %d", p.StartRetries) // supervisord does not count the first start
	if !p.StartRetriesGiven {
		r.Assumed.Retries = fmt.Sprintf("startretries is %d by default", p.StartRetries)
	}
}

// clampSeconds converts seconds to a duration that a timer can hold.
func clampSeconds(n int) time.Duration {
	return time.Duration(min(max(n, 0), 1_000_000_000)) * time.Second
}

// signalName returns the name of a signal. Signal 0 does nothing, and CONT is the
// nearest signal.
func signalName(n int) string {
	if n == 0 {
		return "CONT"
	}
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return fmt.Sprint(n)
}

// convertLimits sets the limits of the program, or the limits of the daemon, which
// its children inherit. The user is set only when it differs from the current
// user, because a change of user needs privileges.
func (m *conversion) convertLimits(p supervisord.Process, s *Spec) {
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
	if daemon.MinFDs > 1024 { // the default of minfds is below the usual limit
		s.Limits.NoFile = uint64(daemon.MinFDs)
	}
}

func (m *conversion) autoLogPath(stream string) string {
	return filepath.Join(m.plan.Settings.StateDir, "logs", "{name}.{index}."+stream+".log")
}

func (m *conversion) convertLog(p supervisord.Process, l supervisord.Log, stream string) Log {
	log := Log{MaxBytes: max(l.MaxBytes, 0), Backups: max(l.Backups, 0), Raw: true}
	switch {
	case l.Kind == supervisord.LogAuto && m.file.Settings.ChildLogDir == "":
		log.Path = m.autoLogPath(stream)
	case l.Kind == supervisord.LogAuto:
		name := fmt.Sprintf("%s-%s---%s.log", nameOf(p), stream, m.file.Settings.Identifier)
		log.Path = m.absolutePath(filepath.Join(m.file.Settings.ChildLogDir, name))
	case l.Kind == supervisord.LogNone || l.Path == "/dev/null":
	default:
		own, ok := ownLogPath(l.Path, stream, m.absolutePath)
		if log.Path = own; !ok {
			log.Path = m.absolutePath(l.Path)
		}
	}
	return log
}
