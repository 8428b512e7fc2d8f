package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"initiator/internal/loopback"
	"initiator/proactor"
)

// contradiction is a pair of settings that exclude each other. The function bad
// reports whether a worker has both. The fault is reported at the line of the
// first of keys that the section has.
type contradiction struct {
	keys            string
	bad             func(s *Spec, given func(string) bool) bool
	problem, remedy string
}

// contradictions lists the contradictions within one worker. All of them are
// checked, so that all faults are reported at once.
var contradictions = []contradiction{
	{
		"exec_mode", func(s *Spec, given func(string) bool) bool { return given("exec_mode") && s.Exec == nil },
		"exec_mode has no meaning without exec", "write exec in place of command, or remove exec_mode",
	}, {
		"exec_ids", func(s *Spec, given func(string) bool) bool { return given("exec_ids") && s.ExecMode != "lines" },
		"exec_ids has no meaning without exec_mode = lines", "write exec_mode = lines, or remove exec_ids",
	}, {
		"retry_exitcodes", func(s *Spec, given func(string) bool) bool { return given("retry_exitcodes") && s.Exec == nil },
		"retry_exitcodes has no meaning without exec", "write exec in place of command, or remove retry_exitcodes",
	}, {
		"retry_exitcodes", func(s *Spec, given func(string) bool) bool {
			return given("retry_exitcodes") && s.Exec != nil && s.ExecMode == "lines"
		},
		"with exec_mode = lines the process goes on after a task, and a task during which it ends is always tried again", "remove retry_exitcodes, or exec_mode = lines",
	}, {
		"interpreter", func(s *Spec, given func(string) bool) bool { return given("interpreter") && s.Module == "" },
		"interpreter has no meaning without module", "write module in place of command, or remove interpreter",
	}, {
		"contract", func(s *Spec, _ func(string) bool) bool { return !s.Contract && s.Exec != nil },
		"exec needs the contract, and contract is off", "remove contract = off",
	}, {
		"protocol contract", func(s *Spec, _ func(string) bool) bool { return !s.Contract && s.Protocol != "none" },
		"with contract = off the program has no port for webhooks", "write protocol = none, or contract = on",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return s.Protocol == "none" && s.Ready.Kind == "webhook" },
		"ready = webhook waits for a webhook, and with protocol = none there is none", "write ready = alive, or another value",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return s.Ready.Kind == "tcp" && s.Socket == "inherit" },
		"ready = tcp succeeds at once with socket = inherit: the initiator's socket listens before the program runs", "write ready = webhook, notify, line:REGEX or http:/path, or socket = reserve",
	}, {
		"direct", func(s *Spec, _ func(string) bool) bool { return s.Direct == "open" && !loopback.IsHost(s.ListenAddr) },
		"direct = open lets every machine on the network run tasks", "write direct = token, or listen_addr = 127.0.0.1",
	}, {
		"chirp_port", func(s *Spec, _ func(string) bool) bool {
			return s.ChirpPort > 0 && s.ChirpPEM == "" && !loopback.IsHost(s.ListenAddr)
		},
		"chirp_port lets every machine on the network run tasks", "write chirp_pem = a file with certificates and key, or listen_addr = 127.0.0.1",
	}, {
		"chirp_port replicas numprocs", func(s *Spec, _ func(string) bool) bool { return s.ChirpPort > 0 && s.Replicas > 1 },
		"one port serves one worker, and there are several replicas", "write replicas = 1 and more slots",
	}, {
		"chirp_port", func(s *Spec, _ func(string) bool) bool {
			return s.ChirpPort > 0 && (!s.Contract || s.Protocol != "webhook")
		},
		"chirp_port needs contract = on and protocol = webhook", "remove chirp_port, or the keys contract and protocol",
	}, {
		"chirp_pem", func(s *Spec, given func(string) bool) bool { return given("chirp_pem") && s.ChirpPort == 0 },
		"chirp_pem has no meaning without chirp_port", "write chirp_port = 2998, or remove chirp_pem",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return s.guessesPort(s.Ready.Kind) },
		"with contract = off the program does not know its port, and this readiness check connects to that port", "write port = the port that it listens on, {port} in command or environment, or ready = alive",
	}, {
		"slots", func(s *Spec, _ func(string) bool) bool { return s.Slots > 1 && s.Protocol == "ding" },
		"a ding slave runs one task at a time", "write slots = 1 and more replicas",
	}, {
		"port replicas numprocs", func(s *Spec, _ func(string) bool) bool {
			return s.Port > 0 && s.Replicas > 1 && !s.inheritsFixedPort()
		},
		"a fixed port serves one worker, and there are several replicas", "write port = auto, or replicas = 1; a program without webhooks can share the port with socket = inherit",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool {
			return s.inheritsFixedPort() && s.Replicas > 1 && s.Ready.Kind == "http"
		},
		"the replicas share one socket, so another replica may answer this readiness check", "write ready = notify, line:REGEX or alive",
	}, {
		"stderr_logfile", func(s *Spec, given func(string) bool) bool { return s.RedirectStderr && given("stderr_logfile") },
		"stderr_logfile has no meaning with redirect_stderr", "remove one of the two",
	}, {
		"restart_delay restart_delay_max", func(s *Spec, _ func(string) bool) bool {
			return s.Restart.DelayMax > 0 && s.Restart.Delay > s.Restart.DelayMax
		},
		"restart_delay is longer than restart_delay_max", "raise restart_delay_max",
	}, {
		"retry_delay retry_delay_max", func(s *Spec, _ func(string) bool) bool { return s.Tasks.RetryDelay > s.Tasks.RetryDelayMax },
		"retry_delay is longer than retry_delay_max", "raise retry_delay_max",
	}, {
		"heartbeat_span", func(s *Spec, _ func(string) bool) bool { return s.HeartbeatSpan < 200*time.Millisecond },
		"the shortest heartbeat_span is 200ms", "write heartbeat_span = 3s",
	}, {
		"heartbeat_tolerance heartbeat_span", func(s *Spec, _ func(string) bool) bool { return s.HeartbeatTolerance <= s.HeartbeatSpan },
		"heartbeat_tolerance is not longer than heartbeat_span: every worker would be replaced again and again", "write about five times heartbeat_span",
	}, {
		"stop_command stopwaitsecs", func(s *Spec, _ func(string) bool) bool { return s.StopCommand != nil && s.StopWait == 0 },
		"with stopwaitsecs = 0 the worker is killed at once, and stop_command has no time", "write stopwaitsecs = 10, or remove stop_command",
	}, {
		"reload_signal reload_command", func(s *Spec, _ func(string) bool) bool { return s.ReloadSignal != "" && s.ReloadCommand != nil },
		"reload_command runs in place of reload_signal", "remove one of the two",
	}, {
		"stopasgroup", func(s *Spec, _ func(string) bool) bool { return s.Exec != nil && s.StopAsGroup == GroupTrue },
		"a worker with exec ends the processes of its tasks itself, and gets the signal alone", "remove stopasgroup",
	}, {
		"pidfile", func(s *Spec, _ func(string) bool) bool { return s.PIDFile != "" && s.Contract },
		"with contract = on the process that the command starts is the worker", "remove pidfile, or write contract = off",
	}, {
		"pidfile replicas numprocs", func(s *Spec, _ func(string) bool) bool {
			return s.PIDFile != "" && s.Replicas > 1 && !s.names([]string{s.PIDFile}, "guid", "index", "port")
		},
		"the replicas would write their pids into one file", "write {index} in it, and in the program's own setting",
	}, {
		"start_timeout", func(s *Spec, _ func(string) bool) bool { return s.StartTimeout == 0 },
		"a start_timeout of 0 lets no worker become ready", "write start_timeout = 30s",
	}, {
		"start_timeout startsecs", func(s *Spec, _ func(string) bool) bool {
			return s.StartTimeout > 0 && s.StartSecs >= s.StartTimeout
		},
		"start_timeout ends the start before startsecs have passed", "write a start_timeout longer than startsecs",
	},
}

// checkPlan reports every contradiction of the plan.
func (d *draft) checkPlan() {
	if !d.isFaulty("initiator") {
		d.checkSettings()
	}
	d.checkStdin(proactor.DefaultSection, d.plan.Defaults)
	if len(d.plan.Workers) == 0 {
		d.plan.Warnings = append(d.plan.Warnings, d.plan.File+": there is no [worker:NAME], so nothing will be started")
	}
	for i := range d.plan.Workers {
		d.checkWorker(&d.plan.Workers[i])
	}
	warnShellWords(d, "initiator", initiatorKeys)
	d.checkFixedPorts()
	d.checkConfigs()
	d.checkGroups()
	d.checkSchedules()
	d.checkAfter()
}

func (d *draft) checkWorker(s *Spec) {
	section := "worker:" + s.Name
	given := func(key string) bool { return d.isGiven(section, key) }
	if !d.isFaulty(section) {
		d.checkWhat(section)
		for _, c := range slices.Concat(contradictions, probeContradictions) {
			if c.bad(s, given) {
				d.addFault(section, d.firstGiven(section, c.keys), c.problem, c.remedy)
			}
		}
		d.checkExposure(section, s.ListenAddr)
		d.warnPlainProgram(section, s)
	}
	d.checkLogPaths(section, s)
	d.warnBraces(section, s)
	warnShellWords(d, section, workerKeys)
	if s.Contract {
		d.checkStdin("worker:"+s.Name, s.Config)
	}
}

func (d *draft) firstGiven(section, keys string) string {
	for key := range strings.FieldsSeq(keys) {
		if d.isGiven(section, key) {
			return key
		}
	}
	return ""
}

// guessesPort reports whether a check of that kind connects to a port that the
// program is not told.
func (s *Spec) guessesPort(kind string) bool {
	return connectsToPort(kind) && !s.Contract && s.Port == 0 && s.Socket != "inherit" && !s.NamesPort()
}

// checkStdin finds values that cannot be written to the worker's stdin, such as a
// line that an INI reader takes for a comment.
func (d *draft) checkStdin(section string, entries []Entry) {
	for _, e := range trimEntries(entries) {
		problem := e.UnwritableReason()
		if problem == "" {
			continue
		}
		at := strings.Replace(section, "worker:", "config:", 1)
		if s := d.cfg.Section(at); s == nil || !slices.ContainsFunc(s.Keys, func(k proactor.Key) bool { return k.Name == e.Key }) {
			at = section
		}
		d.addFault(at, e.Key, "a worker cannot be given this on stdin: "+problem, "change the value")
	}
}

// checkWhat reports a worker that does not have exactly one of command, exec and
// module.
func (d *draft) checkWhat(section string) {
	var said []string
	for _, key := range []string{"command", "exec", "module"} {
		if d.isGiven(section, key) {
			said = append(said, key)
		}
	}
	switch len(said) {
	case 0:
		d.addFault(section, "", "the worker has no command", "write command = PROGRAM ARGUMENTS")
	case 1:
	default:
		d.addFault(section, said[1], fmt.Sprintf("%s and %s exclude each other", said[0], said[1]), "keep one of the two")
	}
}

// checkExposure refuses addresses beyond loopback, because there is no TLS.
func (d *draft) checkExposure(section, addr string) {
	if !loopback.IsHost(addr) && !d.plan.Settings.Insecure {
		d.addFault(section, "listen_addr", addr+" can be reached from other machines, and there is no TLS", "write 127.0.0.1, or insecure = true in [initiator]")
	}
}
