package supervisord

import "initiator/proactor"

// settings reads [supervisord].
func (r *reader) settings() {
	const section = "supervisord"
	m := r.doc.sections[section]
	if m == nil {
		r.faults = append(r.faults, proactor.Fault{File: r.file.Path, Problem: "there is no [supervisord] section", Remedy: "write one, if only its header"})
		return
	}
	s := &r.file.Settings
	s.File, s.Line = m.first.File, m.first.Line
	c := &context{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.environment}}
	s.LogFile = value(c, "logfile", "", r.existingDirPath)
	s.LogFileMaxBytes = value(c, "logfile_maxbytes", 50<<20, bytes)
	s.LogFileBackups = value(c, "logfile_backups", 10, integer)
	s.LogLevel = value(c, "loglevel", "info", level)
	s.Identifier = value(c, "identifier", "supervisor", plain)
	s.ChildLogDir = value(c, "childlogdir", "", r.existingDir)
	s.MinFDs = value(c, "minfds", 0, integer)
	who := value(c, "user", identity{}, userID)
	s.User, s.UID = who.name, who.uid
	s.Umask = value(c, "umask", -1, octal)
	s.Directory = value(c, "directory", "", r.existingDir)
	s.NoDaemon = value(c, "nodaemon", false, boolean)
	r.settingsNotDone(c)
	r.globalEnvironment(c)
}

// globalEnvironment is expanded twice, and may refer to the node's name only
// the second time; from then on everybody can refer to what it sets.
func (r *reader) globalEnvironment(c *context) {
	k, there := r.doc.find(c.section, "environment")
	if !there {
		return
	}
	text, err := expand(k.Raw, c.names)
	if err == nil {
		text, err = expand(text, r.outside())
	}
	var set []proactor.Entry
	if err == nil {
		set, err = r.file.variables(text)
	}
	if err != nil {
		c.fault(k, err)
		return
	}
	r.file.Settings.Environment = set
}

// settingsNotDone reads the keys that mean nothing here, for their faults, and
// says so where they are not what they would be anyway.
func (r *reader) settingsNotDone(c *context) {
	if n := value(c, "minprocs", 200, integer); n != 200 {
		c.warn("minprocs", "the limit of processes is not raised", "raise it where the initiator is started")
	}
	value(c, "pidfile", "", r.existingDirPath)
	if c.given("pidfile") {
		c.warn("pidfile", "no pidfile is written", "find the initiator through its state directory")
	}
	value(c, "silent", false, boolean)
	value(c, "nocleanup", false, boolean)
	if value(c, "strip_ansi", false, boolean) {
		c.warn("strip_ansi", "escape sequences stay in the logs", "remove it")
	}
	if r.file.Settings.LogFile == "syslog" {
		c.warn("logfile", "there is no log to syslog", "remove it and let the journal take the output")
	}
}
