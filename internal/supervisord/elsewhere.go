package supervisord

import (
	"slices"
	"strings"

	"initiator/internal/spelling"
)

// kindOf is what stands before the colon of a section's name.
func kindOf(section string) string {
	kind, _, _ := strings.Cut(section, ":")
	return kind
}

// elsewhere judges the sections that are none of the others, and the keys that
// nobody reads.
func (r *reader) elsewhere() {
	for _, section := range r.doc.names {
		c := r.own(section)
		switch kindOf(section) {
		case "eventlistener":
			r.eventListener(c)
		case "fcgi-program":
			r.fcgi(c)
		case "rpcinterface":
			r.rpcInterface(c)
		case "ctlplugin":
			c.warn("", "plugins of supervisorctl are not supported", "remove the section")
		case "supervisord", "supervisorctl", "include", "group", "program", "unix_http_server", "inet_http_server":
		default:
			c.warn("", "supervisord has no such section, and it is ignored", "remove it")
		}
		r.unknownKeys(c)
	}
}

// eventListener reads one as supervisord does, for its faults.
func (r *reader) eventListener(c *context) {
	pool, _ := r.named(c.section)
	if value(c, "buffer_size", 10, integer) < 1 {
		c.faultAt("buffer_size", "it must hold an event at least", "write 10")
	}
	if events := value(c, "events", nil, list); len(events) == 0 {
		c.faultAt("events", "nothing says which events it listens to", "write events = PROCESS_STATE")
	}
	if value(c, "redirect_stderr", false, boolean) {
		c.faultAt("redirect_stderr", "it would disturb the protocol of event listeners", "remove it")
	}
	value(c, "priority", -1, integer)
	r.silently(c.section, pool)
	c.warn("", "event listeners are not supported, and it is not started", "follow `initiator events`, or the API's stream of events")
}

func (r *reader) fcgi(c *context) {
	program, _ := r.named(c.section)
	c.names.own["program_name"] = program
	if value(c, "socket", "", plain) == "" {
		c.faultAt("socket", "nothing says on which socket", "write socket = tcp://127.0.0.1:9000")
	}
	if n := value(c, "socket_backlog", 1, integer); n < 1 || n > 65535 {
		c.faultAt("socket_backlog", "it is out of range", "write one from 1 to 65535")
	}
	value(c, "socket_owner", "", owner)
	value(c, "socket_mode", 0o700, octal)
	r.silently(c.section, program)
	c.warn("", "FastCGI programs are not supported, and it is not started", "let the program open its own socket, as a [program:x]")
}

// silently reads a program for its faults, and not for what it would warn of.
func (r *reader) silently(section, group string) {
	before := r.file.Warnings
	r.program(section, group)
	r.file.Warnings = before
}

func (r *reader) rpcInterface(c *context) {
	const key = "supervisor.rpcinterface_factory"
	if !c.given(key) {
		c.faultAt("", "nothing says which factory makes it", "write "+key+" = supervisor.rpcinterface:make_main_rpcinterface")
		return
	}
	c.names.own = nil
	for _, k := range r.doc.sections[c.section].order {
		value(c, k, "", plain)
	}
	if value(c, key, "", plain) != "supervisor.rpcinterface:make_main_rpcinterface" {
		c.warn(key, "plugins of supervisord are not supported", "remove the section")
	}
}

var programKeys = strings.Fields(`command process_name numprocs numprocs_start priority autostart startsecs startretries autorestart exitcodes
	stopsignal stopwaitsecs stopasgroup killasgroup user redirect_stderr environment directory umask serverurl
	stdout_logfile stdout_logfile_maxbytes stdout_logfile_backups stdout_capture_maxbytes stdout_events_enabled stdout_syslog
	stderr_logfile stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes stderr_events_enabled stderr_syslog`)

// keysOf lists what supervisord reads in each kind of section.
var keysOf = map[string][]string{
	"program": programKeys,
	"group":   {"programs", "priority"},
	"include": {"files"},
	"supervisord": strings.Fields(`logfile logfile_maxbytes logfile_backups loglevel pidfile umask nodaemon silent minfds minprocs nocleanup
		childlogdir user directory strip_ansi environment identifier`),
	"unix_http_server": {"file", "chmod", "chown", "username", "password"},
	"inet_http_server": {"port", "username", "password"},
}

// unknownKeys says what supervisord passes over without a word: a slip that
// nobody would ever hear of.
func (r *reader) unknownKeys(c *context) {
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
		c.warn(key, "supervisord has no such key, and it is ignored", remedy)
	}
}
