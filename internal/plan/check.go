package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"initiator/internal/loopback"
	"initiator/proactor"
)

// contradiction is one pair of settings that cannot both be meant. It holds
// where bad says so; the fault stands at the line of the first of keys that
// the section has.
type contradiction struct {
	keys            string
	bad             func(s *Spec, given func(string) bool) bool
	problem, remedy string
}

// contradictions within one worker. Each is judged by itself, so that all are
// reported at once.
var contradictions = []contradiction{
	{
		"exec_mode", func(s *Spec, given func(string) bool) bool { return given("exec_mode") && s.Exec == nil },
		"exec_mode has no meaning without exec", "write exec in place of command, or remove exec_mode",
	}, {
		"interpreter", func(s *Spec, given func(string) bool) bool { return given("interpreter") && s.Module == "" },
		"interpreter has no meaning without module", "write module in place of command, or remove interpreter",
	}, {
		"contract", func(s *Spec, _ func(string) bool) bool { return !s.Contract && s.Exec != nil },
		"exec is served through the contract, which is off", "remove contract = off",
	}, {
		"protocol contract", func(s *Spec, _ func(string) bool) bool { return !s.Contract && s.Protocol != "none" },
		"contract = off leaves the program without a port to be reached on", "write protocol = none, or contract = on",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return s.Protocol == "none" && s.Ready.Kind == "webhook" },
		"ready = webhook waits for a webhook that protocol = none does not have", "write ready = alive, or another proof",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return s.Ready.Kind == "tcp" && s.Socket == "inherit" },
		"ready = tcp proves nothing with socket = inherit: the socket listens before the program runs", "write ready = webhook, or socket = reserve",
	}, {
		"socket", func(s *Spec, given func(string) bool) bool { return !s.Contract && s.Socket == "inherit" },
		"socket = inherit needs the contract, which is off", "write contract = on, or remove socket",
	}, {
		"direct", func(s *Spec, _ func(string) bool) bool { return s.Direct == "open" && !loopback.IsHost(s.ListenAddr) },
		"direct = open lets anybody on the network run tasks", "write direct = token, or listen_addr = 127.0.0.1",
	}, {
		"chirp_port", func(s *Spec, _ func(string) bool) bool {
			return s.ChirpPort > 0 && s.ChirpPEM == "" && !loopback.IsHost(s.ListenAddr)
		},
		"chirp_port lets anybody on the network run tasks", "write chirp_pem = a file with certificates and key, or listen_addr = 127.0.0.1",
	}, {
		"chirp_port replicas numprocs", func(s *Spec, _ func(string) bool) bool { return s.ChirpPort > 0 && s.Replicas > 1 },
		"one port serves one worker, and there are several replicas", "write replicas = 1 and more slots",
	}, {
		"chirp_port", func(s *Spec, _ func(string) bool) bool {
			return s.ChirpPort > 0 && (!s.Contract || s.Protocol != "webhook")
		},
		"chirp_port is served through the contract, which this worker does not speak", "remove chirp_port, or contract and protocol",
	}, {
		"chirp_pem", func(s *Spec, given func(string) bool) bool { return given("chirp_pem") && s.ChirpPort == 0 },
		"chirp_pem has no meaning without chirp_port", "write chirp_port = 2998, or remove chirp_pem",
	}, {
		"ready", func(s *Spec, _ func(string) bool) bool { return !s.Contract && s.Port == 0 && s.needsPort() },
		"with contract = off the program is not told its port, and this proof looks there", "write port = the port that it listens on, {port} in the command, or ready = alive",
	}, {
		"slots", func(s *Spec, _ func(string) bool) bool { return s.Slots > 1 && s.Protocol == "ding" },
		"a ding slave runs one task at a time", "write slots = 1 and more replicas",
	}, {
		"port replicas numprocs", func(s *Spec, _ func(string) bool) bool { return s.Port > 0 && s.Replicas > 1 },
		"a fixed port serves one worker, and there are several replicas", "write port = auto, or replicas = 1",
	}, {
		"stderr_logfile", func(s *Spec, given func(string) bool) bool { return s.RedirectStderr && given("stderr_logfile") },
		"stderr_logfile has no meaning with redirect_stderr", "remove one of the two",
	}, {
		"restart_delay restart_delay_max", func(s *Spec, _ func(string) bool) bool { return s.Restart.Delay > s.Restart.DelayMax },
		"restart_delay is longer than restart_delay_max", "raise restart_delay_max",
	}, {
		"retry_delay retry_delay_max", func(s *Spec, _ func(string) bool) bool { return s.Tasks.RetryDelay > s.Tasks.RetryDelayMax },
		"retry_delay is longer than retry_delay_max", "raise retry_delay_max",
	}, {
		"heartbeat_span", func(s *Spec, _ func(string) bool) bool { return s.HeartbeatSpan < 200*time.Millisecond },
		"heartbeats may not be closer together than 200ms", "write heartbeat_span = 3s",
	}, {
		"heartbeat_tolerance heartbeat_span", func(s *Spec, _ func(string) bool) bool { return s.HeartbeatTolerance <= s.HeartbeatSpan },
		"heartbeat_tolerance is not longer than heartbeat_span: every worker would be replaced", "write about five times heartbeat_span",
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

// check reports every contradiction of the plan.
func (d *draft) check() {
	d.checkSettings()
	d.checkStdin(proactor.DefaultSection, d.plan.Defaults)
	if len(d.plan.Workers) == 0 {
		d.plan.Warnings = append(d.plan.Warnings, d.plan.File+": there is no [worker:NAME], so nothing will be started")
	}
	for i := range d.plan.Workers {
		d.checkWorker(&d.plan.Workers[i])
	}
	d.checkFixedPorts()
	d.checkConfigs()
	d.checkGroups()
	d.checkSchedules()
	d.checkAfter()
}

func (d *draft) checkWorker(s *Spec) {
	section := "worker:" + s.Name
	given := func(key string) bool { return d.has(section, key) }
	d.checkWhat(section)
	for _, c := range slices.Concat(contradictions, probeContradictions) {
		if c.bad(s, given) {
			d.faultAt(section, d.firstGiven(section, c.keys), c.problem, c.remedy)
		}
	}
	d.checkExposure(section, s.ListenAddr)
	if s.Contract {
		d.checkStdin("worker:"+s.Name, s.Config)
	}
}

func (d *draft) firstGiven(section, keys string) string {
	for key := range strings.FieldsSeq(keys) {
		if d.has(section, key) {
			return key
		}
	}
	return ""
}

// needsPort says whether readiness is looked for on the worker's port, and the
// command does not name it.
func (s *Spec) needsPort() bool {
	return (s.Ready.Kind == "tcp" || s.Ready.Kind == "http") && !s.NamesPort()
}

// checkStdin finds values that the worker's stdin could not carry as they are,
// such as a line that an INI reader would take for a comment.
func (d *draft) checkStdin(section string, entries []Entry) {
	for _, e := range trimmed(entries) {
		problem := e.UnwritableReason()
		if problem == "" {
			continue
		}
		at := strings.Replace(section, "worker:", "config:", 1)
		if s := d.cfg.Section(at); s == nil || !slices.ContainsFunc(s.Keys, func(k proactor.Key) bool { return k.Name == e.Key }) {
			at = section
		}
		d.faultAt(at, e.Key, "a worker cannot be given this on stdin: "+problem, "change the value")
	}
}

// checkWhat wants exactly one way to say what to run.
func (d *draft) checkWhat(section string) {
	var said []string
	for _, key := range []string{"command", "exec", "module"} {
		if d.has(section, key) {
			said = append(said, key)
		}
	}
	switch len(said) {
	case 0:
		d.faultAt(section, "", "nothing says what to run", "write command = PROGRAM ARGUMENTS")
	case 1:
	default:
		d.faultAt(section, said[1], fmt.Sprintf("%s and %s are both there", said[0], said[1]), "keep one of the two")
	}
}

// checkExposure keeps everything on loopback that has no TLS.
func (d *draft) checkExposure(section, addr string) {
	if !loopback.IsHost(addr) && !d.plan.Settings.Insecure {
		d.faultAt(section, "listen_addr", addr+" can be reached from other machines, and there is no TLS", "write 127.0.0.1, or insecure = true in [initiator]")
	}
}
