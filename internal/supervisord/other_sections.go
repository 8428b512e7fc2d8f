package supervisord

import (
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// kindOf returns the part of a section's name before the colon.
func kindOf(section string) string {
	kind, _, _ := strings.Cut(section, ":")
	return kind
}

// readOtherSections judges the sections that no other function reads, and the
// keys that supervisord ignores.
func (r *reader) readOtherSections() {
	for _, section := range r.doc.names {
		c := r.newSectionReader(section)
		switch kindOf(section) {
		case "eventlistener":
			r.readEventListener(c)
		case "fcgi-program":
			r.readFCGIProgram(c)
		case "rpcinterface":
			r.readRPCInterface(c)
		case "ctlplugin":
			c.addWarning("", "plugins of supervisorctl are not supported", "remove the section")
		case "supervisord", "supervisorctl", "include", "group", "program", "unix_http_server", "inet_http_server":
		default:
			c.addWarning("", "supervisord has no such section, and the section is ignored", "remove it")
		}
		r.warnUnknownKeys(c)
	}
}

// readEventListener reads an event listener as supervisord does, for its
// faults.
func (r *reader) readEventListener(c *sectionReader) {
	pool, _ := r.sectionName(c.section)
	if readValue(c, "buffer_size", 10, readInteger) < 1 {
		c.addFaultAt("buffer_size", "the buffer must hold at least one event", "write 10")
	}
	if events := readValue(c, "events", nil, readList); len(events) == 0 {
		c.addFaultAt("events", "the key events is missing or empty", "write events = PROCESS_STATE")
	}
	if readValue(c, "redirect_stderr", false, readBoolean) {
		c.addFaultAt("redirect_stderr", "stderr in stdout would disturb the protocol of event listeners", "remove it")
	}
	readValue(c, "priority", -1, readInteger)
	r.checkProgram(c.section, pool)
	c.addWarning("", "event listeners are not supported, and this program is not started", "follow `initiator events`, or the API's stream of events")
}

func (r *reader) readFCGIProgram(c *sectionReader) {
	program, _ := r.sectionName(c.section)
	c.names.own["program_name"] = program
	if readValue(c, "socket", "", readText) == "" {
		c.addFaultAt("socket", "the key socket is missing or empty", "write socket = tcp://127.0.0.1:9000")
	}
	if n := readValue(c, "socket_backlog", 1, readInteger); n < 1 || n > 65535 {
		c.addFaultAt("socket_backlog", "it is out of range", "write one from 1 to 65535")
	}
	readValue(c, "socket_owner", owner{}, readOwner)
	readValue(c, "socket_mode", 0o700, readOctal)
	r.checkProgram(c.section, program)
	c.addWarning("", "FastCGI programs are not supported, and this program is not started", "let the program open its own socket, as a [program:x]")
}

// checkProgram reads a program for its faults and drops its warnings.
func (r *reader) checkProgram(section, group string) {
	before := r.file.Warnings
	r.readProgram(section, group)
	r.file.Warnings = before
}

func (r *reader) readRPCInterface(c *sectionReader) {
	const key = "supervisor.rpcinterface_factory"
	if !c.hasKey(key) {
		c.addFaultAt("", "the key "+key+" is missing", "write "+key+" = supervisor.rpcinterface:make_main_rpcinterface")
		return
	}
	c.names.own = nil
	for _, k := range r.doc.sections[c.section].order {
		readValue(c, k, "", readText)
	}
	if readValue(c, key, "", readText) != "supervisor.rpcinterface:make_main_rpcinterface" {
		c.addWarning(key, "plugins of supervisord are not supported", "remove the section")
	}
}

var programKeys = strings.Fields(`command process_name numprocs numprocs_start priority autostart startsecs startretries autorestart exitcodes
	stopsignal stopwaitsecs stopasgroup killasgroup user redirect_stderr environment directory umask serverurl
	stdout_logfile stdout_logfile_maxbytes stdout_logfile_backups stdout_capture_maxbytes stdout_events_enabled stdout_syslog
	stderr_logfile stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes stderr_events_enabled stderr_syslog`)

// keysOf lists the keys that supervisord reads in each kind of section.
var keysOf = map[string][]string{
	"program": programKeys,
	"group":   {"programs", "priority"},
	"include": {"files"},
	"supervisord": strings.Fields(`logfile logfile_maxbytes logfile_backups loglevel pidfile umask nodaemon silent minfds minprocs nocleanup
		childlogdir user directory strip_ansi environment identifier`),
	"unix_http_server": {"file", "chmod", "chown", "username", "password"},
	"inet_http_server": {"port", "username", "password"},
}

// warnUnknownKeys warns about keys that supervisord ignores silently: a typing
// error would otherwise never be noticed.
func (r *reader) warnUnknownKeys(c *sectionReader) {
	known, ok := keysOf[kindOf(c.section)]
	if !ok {
		return
	}
	for _, key := range r.doc.sections[c.section].order {
		if _, inherited := r.doc.sections[defaultSection].keys[key]; inherited || slices.Contains(known, key) {
			continue
		}
		remedy := "remove it"
		if near, ok := spelling.Nearest(key, known); ok {
			remedy = "did you mean " + near + "?"
		}
		c.addWarning(key, "supervisord has no such key, and the key is ignored", remedy)
	}
}
