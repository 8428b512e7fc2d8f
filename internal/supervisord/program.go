package supervisord

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// maxProcesses keeps a slip in numprocs from filling the memory.
const maxProcesses = 100_000

// program reads one [program:x] as a member of a group: one process for each
// of numprocs, in the order in which supervisord starts them.
func (r *reader) program(section, group string) []Process {
	programName, ok := r.named(section)
	if !ok {
		return nil
	}
	c := &context{r: r, section: section, names: r.outside()}
	c.names.own["program_name"], c.names.own["group_name"] = programName, group
	p := c.shared()
	p.Group, p.Program, p.Section = group, programName, r.doc.sections[section].first
	count := value(c, "numprocs", 1, integer)
	from := value(c, "numprocs_start", 0, integer)
	pattern := c.processName(count)
	if count > 0 && !c.given("command") {
		c.faultAt("", "nothing says what to run", "write command = PROGRAM ARGUMENTS")
		return nil
	}
	if count > maxProcesses {
		c.faultAt("numprocs", "that is too many processes", "write at most 100000")
		return nil
	}
	return c.numbered(p, pattern, count, from)
}

// shared reads what is the same for all processes of a program.
func (c *context) shared() Process {
	p := Process{
		Priority:     value(c, "priority", 999, integer),
		Autostart:    value(c, "autostart", true, boolean),
		Autorestart:  value(c, "autorestart", "unexpected", autorestart),
		StartSecs:    value(c, "startsecs", 1, integer),
		StartRetries: value(c, "startretries", 3, integer),
		StopSignal:   value(c, "stopsignal", 15, signalNumber),
		StopWaitSecs: value(c, "stopwaitsecs", 10, integer),
		StopAsGroup:  value(c, "stopasgroup", false, boolean),
		ExitCodes:    value(c, "exitcodes", []int{0}, exitCodes),
		Umask:        value(c, "umask", -1, octal),
		ServerURL:    value(c, "serverurl", "", plain),
	}
	p.KillAsGroup = value(c, "killasgroup", p.StopAsGroup, boolean)
	p.RedirectStderr = value(c, "redirect_stderr", false, boolean)
	if p.StopAsGroup && !p.KillAsGroup {
		c.faultAt("killasgroup", "stopasgroup without killasgroup leaves processes behind", "write killasgroup = true, or remove it")
	}
	if strings.ToUpper(trim(c.r.file.Real(p.ServerURL))) == "AUTO" {
		p.ServerURL = ""
	}
	if p.StopSignal == 0 {
		c.warn("stopsignal", "0 is no signal, and it is only killed after stopwaitsecs", "write TERM")
	}
	who := value(c, "user", identity{}, userID)
	p.User, p.UID = who.name, who.uid
	c.sharedLog("stdout", &p.Stdout)
	c.sharedLog("stderr", &p.Stderr)
	return p
}

func (c *context) sharedLog(stream string, log *Log) {
	log.Capture = value(c, stream+"_capture_maxbytes", 0, bytes)
	log.Events = value(c, stream+"_events_enabled", false, boolean)
}

// processName is the pattern of the names. It is judged before it is expanded.
func (c *context) processName(count int) string {
	k, given := c.r.doc.find(c.section, "process_name")
	if !given {
		k = Key{Raw: "%(program_name)s"}
	}
	pattern, err := name(k.Raw)
	if err != nil {
		c.fault(k, err)
	}
	if count > 1 && !strings.Contains(pattern, "%(process_num)") {
		c.faultAt(cmp.Or(k.Name, "numprocs"), "several processes would have one name", "write process_name = %(program_name)s_%(process_num)02d")
	}
	return pattern
}

// numbered makes the processes. What one of them sets in its environment is
// still there to refer to for the next, as in supervisord.
func (c *context) numbered(p Process, pattern string, count, from int) []Process {
	var all []Process
	c.names.set = map[string]string{}
	c.names.own["numprocs"] = count
	for number := from; number < from+count; number++ {
		c.names.own["process_num"] = number
		all = append(all, c.one(p, pattern))
	}
	slices.SortStableFunc(all, func(a, b Process) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (c *context) one(p Process, pattern string) Process {
	maps.DeleteFunc(c.names.set, func(name, _ string) bool {
		_, outside := c.names.env(strings.TrimPrefix(name, "ENV_"))
		return outside
	})
	own := value(c, "environment", nil, c.r.file.variables)
	p.Environment = slices.Clone(c.r.file.Settings.Environment)
	for _, e := range own {
		c.names.set["ENV_"+e.Key] = e.Value
		p.Environment = lay(p.Environment, e)
	}
	p.Directory = value(c, "directory", "", plain)
	c.log("stdout", &p.Stdout, false)
	c.log("stderr", &p.Stderr, p.RedirectStderr)
	p.Command = value(c, "command", "", plain)
	p.Argv, p.Problem = c.argv(p.Command)
	name, err := expand(pattern, c.names)
	if err != nil {
		k, _ := c.r.doc.find(c.section, "process_name")
		c.fault(k, err)
	}
	p.Name = c.r.file.Real(name)
	return p
}

// argv cuts the command. supervisord takes one that it cannot cut, and fails
// each time that it starts it.
func (c *context) argv(command string) ([]string, string) {
	argv, err := words(c.r.file.Real(command))
	if err == nil {
		return argv, ""
	}
	problem, remedy := because(err)
	c.warn("command", problem+": it can never be started", remedy)
	return nil, problem
}

// log reads where one stream of one process goes.
func (c *context) log(stream string, log *Log, redirected bool) {
	key := stream + "_logfile"
	path := value(c, key, "auto", twice(c, plain))
	log.Backups = value(c, key+"_backups", 10, integer)
	log.MaxBytes = value(c, key+"_maxbytes", 50<<20, bytes)
	log.Syslog = value(c, stream+"_syslog", false, boolean)
	switch strings.ToLower(c.r.file.Real(path)) {
	case "none", "off":
		log.Kind = None
	case "auto":
		log.Kind = Auto
	case "syslog":
		log.Kind, log.Syslog = None, true
	default:
		log.Kind, log.Path = ToFile, value(c, key, "", twice(c, c.r.existingDirPath))
	}
	c.aboutLog(stream, *log, redirected)
	if redirected {
		log.Kind, log.Path = None, ""
	}
}

// aboutLog warns of what is lost.
func (c *context) aboutLog(stream string, log Log, redirected bool) {
	key := stream + "_logfile"
	switch {
	case redirected && log.Kind == ToFile:
		c.warn(key, "it is ignored, for redirect_stderr sends it to stdout", "remove one of the two")
	case log.Kind == Auto && log.MaxBytes == 0 && !redirected:
		c.warn(key+"_maxbytes", "this log is never rotated and may fill the disk", "write 50MB")
	}
	if log.Syslog {
		c.warn(c.first(stream+"_syslog", key), "there is no log to syslog", "write "+key+" = /dev/stdout and let the journal take it")
	}
	if log.Capture != 0 {
		c.warn(stream+"_capture_maxbytes", "supervisord's events are not supported, and nothing is captured", "remove it")
	}
	if log.Events {
		c.warn(stream+"_events_enabled", "supervisord's events are not supported", "remove it")
	}
}

// first is the first of the keys that is given.
func (c *context) first(keys ...string) string {
	for _, k := range keys {
		if c.given(k) {
			return k
		}
	}
	return ""
}
