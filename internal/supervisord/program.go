package supervisord

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// maxProcesses keeps a mistake in numprocs from filling the memory.
const maxProcesses = 100_000

// readProgram reads one [program:x] as a member of a group: one process for
// each of numprocs, in the order in which supervisord starts them.
func (r *reader) readProgram(section, group string) []Process {
	programName, ok := r.sectionName(section)
	if !ok {
		return nil
	}
	c := &sectionReader{r: r, section: section, names: r.commonNames()}
	c.names.own["program_name"], c.names.own["group_name"] = programName, group
	p := c.readShared()
	p.Group, p.Program, p.Section = group, programName, r.doc.sections[section].first
	count := readValue(c, "numprocs", 1, readInteger)
	from := readValue(c, "numprocs_start", 0, readInteger)
	pattern := c.namePattern(count)
	if count > 0 && !c.hasKey("command") {
		c.addFaultAt("", "the key command is missing", "write command = PROGRAM ARGUMENTS")
		return nil
	}
	if count > maxProcesses {
		c.addFaultAt("numprocs", "the program has too many processes", "write at most 100000")
		return nil
	}
	return c.makeProcesses(p, pattern, count, from)
}

// readShared reads the settings that all processes of a program share.
func (c *sectionReader) readShared() Process {
	p := Process{
		Priority:     readValue(c, "priority", 999, readInteger),
		Autostart:    readValue(c, "autostart", true, readBoolean),
		Autorestart:  readValue(c, "autorestart", "unexpected", readAutorestart),
		StartSecs:    readValue(c, "startsecs", 1, readInteger),
		StartRetries: readValue(c, "startretries", 3, readInteger),
		StopSignal:   readValue(c, "stopsignal", 15, readSignal),
		StopWaitSecs: readValue(c, "stopwaitsecs", 10, readInteger),
		StopAsGroup:  readValue(c, "stopasgroup", false, readBoolean),
		ExitCodes:    readValue(c, "exitcodes", []int{0}, readExitCodes),
		Umask:        readValue(c, "umask", -1, readOctal),
		ServerURL:    readValue(c, "serverurl", "", readText),
	}
	p.AutorestartGiven, p.StartRetriesGiven = c.hasKey("autorestart"), c.hasKey("startretries")
	p.KillAsGroup = readValue(c, "killasgroup", p.StopAsGroup, readBoolean)
	p.RedirectStderr = readValue(c, "redirect_stderr", false, readBoolean)
	if p.StopAsGroup && !p.KillAsGroup {
		c.addFaultAt("killasgroup", "stopasgroup without killasgroup leaves processes behind", "write killasgroup = true, or remove it")
	}
	if strings.ToUpper(trimSpace(c.r.file.ResolveMarks(p.ServerURL))) == "AUTO" {
		p.ServerURL = ""
	}
	if p.StopSignal == 0 {
		c.addWarning("stopsignal", "0 is no signal: the process is only killed after stopwaitsecs", "write TERM")
	}
	who := readValue(c, "user", identity{}, readUser)
	p.User, p.UID = who.name, who.uid
	c.readSharedLog("stdout", &p.Stdout)
	c.readSharedLog("stderr", &p.Stderr)
	return p
}

func (c *sectionReader) readSharedLog(stream string, log *Log) {
	log.Capture = readValue(c, stream+"_capture_maxbytes", 0, readSize)
	log.Events = readValue(c, stream+"_events_enabled", false, readBoolean)
}

// namePattern returns the pattern of the process names. It is checked before it
// is expanded.
func (c *sectionReader) namePattern(count int) string {
	k, given := c.r.doc.findKey(c.section, "process_name")
	if !given {
		k = Key{Raw: "%(program_name)s"}
	}
	pattern, err := readName(k.Raw)
	if err != nil {
		c.addFault(k, err)
	}
	if count > 1 && !strings.Contains(pattern, "%(process_num)") {
		c.addFaultAt(cmp.Or(k.Name, "numprocs"), "several processes would have one name", "write process_name = %(program_name)s_%(process_num)02d")
	}
	return pattern
}

// makeProcesses makes the processes. A variable that a process sets in its
// environment can be referred to by the next process, as in supervisord.
func (c *sectionReader) makeProcesses(p Process, pattern string, count, from int) []Process {
	var all []Process
	c.names.set = map[string]string{}
	c.names.own["numprocs"] = count
	for number := from; number < from+count; number++ {
		c.names.own["process_num"] = number
		all = append(all, c.readProcess(p, pattern))
	}
	slices.SortStableFunc(all, func(a, b Process) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (c *sectionReader) readProcess(p Process, pattern string) Process {
	maps.DeleteFunc(c.names.set, func(name, _ string) bool {
		_, outside := c.names.env(strings.TrimPrefix(name, "ENV_"))
		return outside
	})
	own := readValue(c, "environment", nil, c.r.file.readVariables)
	p.Environment = slices.Clone(c.r.file.Settings.Environment)
	for _, e := range own {
		c.names.set["ENV_"+e.Key] = e.Value
		p.Environment = setEntry(p.Environment, e)
	}
	p.Directory = readValue(c, "directory", "", readText)
	c.readLog("stdout", &p.Stdout, false)
	c.readLog("stderr", &p.Stderr, p.RedirectStderr)
	p.Command = readValue(c, "command", "", readText)
	p.Argv, p.Problem = c.commandArgv(p.Command)
	name, err := expandReferences(pattern, c.names)
	if err != nil {
		k, _ := c.r.doc.findKey(c.section, "process_name")
		c.addFault(k, err)
	}
	p.Name = c.r.file.ResolveMarks(name)
	return p
}

// commandArgv splits the command. supervisord accepts a command that it cannot
// split, and fails each time that it starts it.
func (c *sectionReader) commandArgv(command string) ([]string, string) {
	argv, err := splitCommand(c.r.file.ResolveMarks(command))
	if err == nil {
		return argv, ""
	}
	problem, remedy := explainError(err)
	c.addWarning("command", problem+": the program can never be started", remedy)
	return nil, problem
}

// readLog reads where one stream of one process goes.
func (c *sectionReader) readLog(stream string, log *Log, redirected bool) {
	key := stream + "_logfile"
	path := readValue(c, key, "auto", expandTwice(c, readText))
	log.Backups = readValue(c, key+"_backups", 10, readInteger)
	log.MaxBytes = readValue(c, key+"_maxbytes", 50<<20, readSize)
	log.Syslog = readValue(c, stream+"_syslog", false, readBoolean)
	switch strings.ToLower(c.r.file.ResolveMarks(path)) {
	case "none", "off":
		log.Kind = LogNone
	case "auto":
		log.Kind = LogAuto
	case "syslog":
		log.Kind, log.Syslog = LogNone, true
	default:
		log.Kind, log.Path = LogToFile, readValue(c, key, "", expandTwice(c, c.r.existingDirPath))
		if !redirected {
			c.checkDescriptor(key, log.Path)
		}
	}
	c.warnAboutLog(stream, *log, redirected)
	if redirected {
		log.Kind, log.Path = LogNone, ""
	}
}

// warnAboutLog warns about settings of a log that have no effect here.
func (c *sectionReader) warnAboutLog(stream string, log Log, redirected bool) {
	key := stream + "_logfile"
	switch {
	case redirected && log.Kind == LogToFile:
		c.addWarning(key, "it is ignored, for redirect_stderr sends it to stdout", "remove one of the two")
	case log.Kind == LogAuto && log.MaxBytes == 0 && !redirected:
		c.addWarning(key+"_maxbytes", "this log is never rotated and may fill the disk", "write 50MB")
	}
	if log.Syslog {
		c.addWarning(c.firstGiven(stream+"_syslog", key), "there is no log to syslog", "write "+key+" = /dev/stdout and let the journal store it")
	}
	if log.Capture != 0 {
		c.addWarning(stream+"_capture_maxbytes", "supervisord's events are not supported, and nothing is captured", "remove it")
	}
	if log.Events {
		c.addWarning(stream+"_events_enabled", "supervisord's events are not supported", "remove it")
	}
}

// firstGiven returns the first of the keys that the section has.
func (c *sectionReader) firstGiven(keys ...string) string {
	for _, k := range keys {
		if c.hasKey(k) {
			return k
		}
	}
	return ""
}
