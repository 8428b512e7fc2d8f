package plan

import "strings"

// notYet are keys that are planned and not yet supported. They are refused,
// so that a limit without effect does not look as if it were in force.
var notYet = map[string][]string{
	"initiator": {"tls_cert", "tls_key", "client_ca"},
	"worker":    {"rate_limit", "callback"},
}

// foreign says what to write in place of keys of other programs: of systemd, and
// of supervisord when the key has no meaning here.
var foreign = map[string]string{
	"restart":                 "write autorestart = unexpected, true or false",
	"restartsec":              "write restart_delay",
	"restartsteps":            "write restart_factor",
	"restartmaxdelaysec":      "write restart_delay_max",
	"execstart":               "write command",
	"execstartpre":            "write before_start, or check_command for a check",
	"execstop":                "write stop_command",
	"execreload":              "write reload_command or reload_signal",
	"type":                    "write ready = notify, alive or webhook",
	"startlimitburst":         "write restart_limit = 10/10min",
	"startlimitinterval":      "write restart_limit = 10/10min",
	"startlimitintervalsec":   "write restart_limit = 10/10min",
	"successexitstatus":       "write exitcodes",
	"workingdirectory":        "write directory",
	"environmentfile":         "write env_file",
	"timeoutstartsec":         "write start_timeout",
	"timeoutstopsec":          "write stopwaitsecs",
	"timeoutsec":              "write start_timeout and stopwaitsecs",
	"killsignal":              "write stopsignal",
	"watchdogsec":             "write heartbeat_tolerance",
	"wantedby":                "write autostart = true",
	"requires":                "write after = name:ready",
	"wants":                   "write after = name:started",
	"before":                  "write after in the other worker",
	"limitnofile":             "write limit_nofile",
	"limitcore":               "write limit_core",
	"memorymax":               "write memory_max",
	"cpuquota":                "write cpu_max = 150%",
	"tasksmax":                "write pids_max",
	"standardoutput":          "write stdout_logfile",
	"standarderror":           "write stderr_logfile",
	"description":             "write a comment, a line that begins with #",
	"process_name":            "remove it; workers are named by their guid",
	"numprocs_start":          "remove it; workers are named by their guid",
	"killasgroup":             "remove it; when stopwaitsecs is over, every process of the worker is killed",
	"killmode":                "write stopasgroup = true for control-group, stopasgroup = false for mixed",
	"stdout_capture_maxbytes": "remove it; supervisord's events are not supported",
	"stdout_events_enabled":   "remove it; supervisord's events are not supported",
	"stdout_syslog":           "write stdout_logfile = - and let the journal store it",
	"stderr_syslog":           "write stderr_logfile = - and let the journal store it",
	"serverurl":               "remove it; INITIATOR_URL is always set",
	"instances":               "write replicas",
	"processes":               "write replicas",
	"concurrency":             "write slots",
	"workers":                 "write replicas",
	"cwd":                     "write directory",
	"env":                     "write environment",
	"depends_on":              "write after = name:ready",
	"max_retries":             "write attempts (of a task) or startretries (of a worker)",
}

// sectionElsewhere says what to do with sections of other programs and of later
// versions.
func sectionElsewhere(section string) (valueFault, bool) {
	kind, name, _ := strings.Cut(section, ":")
	switch kind {
	case "queue":
		return valueFault{"the section is not supported by this version", "remove it"}, true
	case "program":
		return valueFault{"the section is supervisord's", "write [worker:" + name + "] with contract = off"}, true
	case "fcgi-program", "eventlistener", "rpcinterface", "supervisord", "supervisorctl", "unix_http_server", "inet_http_server":
		return valueFault{"the section is supervisord's and has no meaning here", "remove it; [initiator] holds the settings"}, true
	case "Unit", "Service", "Install":
		return valueFault{"the section is systemd's", "write [worker:NAME]"}, true
	}
	return valueFault{}, false
}
