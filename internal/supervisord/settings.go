package supervisord

import "initiator/proactor"

// readSettings reads [supervisord].
func (r *reader) readSettings() {
	const section = "supervisord"
	m := r.doc.sections[section]
	if m == nil {
		r.faults = append(r.faults, proactor.Fault{File: r.file.Path, Problem: "there is no [supervisord] section", Remedy: "write the header [supervisord]"})
		return
	}
	s := &r.file.Settings
	s.File, s.Line = m.first.File, m.first.Line
	c := &sectionReader{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.lookupVariable}}
	s.LogFile = readValue(c, "logfile", "", r.existingDirPath)
	c.checkDescriptor("logfile", s.LogFile)
	s.LogFileMaxBytes = readValue(c, "logfile_maxbytes", 50<<20, readSize)
	s.LogFileBackups = readValue(c, "logfile_backups", 10, readInteger)
	s.LogLevel = readValue(c, "loglevel", "info", readLevel)
	s.Identifier = readValue(c, "identifier", "supervisor", readText)
	s.ChildLogDir = readValue(c, "childlogdir", "", r.existingDir)
	s.MinFDs = readValue(c, "minfds", 0, readInteger)
	who := readValue(c, "user", identity{}, readUser)
	s.User, s.UID = who.name, who.uid
	s.Umask = readValue(c, "umask", -1, readOctal)
	s.Directory = readValue(c, "directory", "", r.existingDir)
	s.NoDaemon = readValue(c, "nodaemon", false, readBoolean)
	r.warnUnsupportedSettings(c)
	r.readEnvironment(c)
}

// readEnvironment reads the environment of [supervisord]. It is expanded twice,
// and may refer to the node's name only the second time. From then on every
// section can refer to its variables.
func (r *reader) readEnvironment(c *sectionReader) {
	k, there := r.doc.findKey(c.section, "environment")
	if !there {
		return
	}
	text, err := expandReferences(k.Raw, c.names)
	if err == nil {
		text, err = expandReferences(text, r.commonNames())
	}
	var set []proactor.Entry
	if err == nil {
		set, err = r.file.readVariables(text)
	}
	if err != nil {
		c.addFault(k, err)
		return
	}
	r.file.Settings.Environment = set
}

// warnUnsupportedSettings reads the keys that have no effect here, for their
// faults, and warns where their values are not the defaults.
func (r *reader) warnUnsupportedSettings(c *sectionReader) {
	if n := readValue(c, "minprocs", 200, readInteger); n != 200 {
		c.addWarning("minprocs", "the limit of processes is not raised", "raise it where the initiator is started")
	}
	readValue(c, "pidfile", "", r.existingDirPath)
	if c.hasKey("pidfile") {
		c.addWarning("pidfile", "no pidfile is written", "find the initiator through its state directory")
	}
	readValue(c, "silent", false, readBoolean)
	readValue(c, "nocleanup", false, readBoolean)
	if readValue(c, "strip_ansi", false, readBoolean) {
		c.addWarning("strip_ansi", "escape sequences stay in the logs", "remove it")
	}
	if r.file.Settings.LogFile == "syslog" {
		c.addWarning("logfile", "there is no log to syslog", "remove it and let the journal take the output")
	}
}
