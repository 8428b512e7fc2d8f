package plan

import (
	"fmt"
	"strings"
	"time"
)

// Probe checks a worker that sends no heartbeats, from the moment it is ready.
// The first failure makes the worker unready; so many failures in a row as
// Failures says make it unhealthy.
type Probe struct {
	ProbeCheck
	Span     time.Duration // the time from one check to the next
	Timeout  time.Duration // the limit of one check
	Failures int
}

// ProbeCheck is one kind of check of a worker. The zero value is no check.
type ProbeCheck struct {
	Kind    string   // "", "http", "tcp" or "exec"
	Path    string   // the path of "http"
	Command []string // the argv of "exec"; exit code 0 means healthy
}

var probeKind = kind[ProbeCheck]{name: "http:/path, tcp, exec:COMMAND", format: formatProbe, parse: parseProbe}

func parseProbe(s string) (ProbeCheck, error) {
	what, rest, _ := strings.Cut(s, ":")
	switch {
	case s == "tcp":
		return ProbeCheck{Kind: "tcp"}, nil
	case what == "http" && strings.HasPrefix(rest, "/"):
		return ProbeCheck{Kind: "http", Path: rest}, nil
	case what == "http":
		return ProbeCheck{}, valueFault{fmt.Sprintf("%q names no path", s), "write http:/healthz; address and port are the worker's"}
	case what == "exec":
		argv, err := commandLine.parse(rest)
		if err == nil && len(argv) == 0 {
			err = valueFault{"exec: names no command", "write exec:COMMAND, which ends with 0 when the worker is healthy"}
		}
		return ProbeCheck{Kind: "exec", Command: argv}, err
	}
	return ProbeCheck{}, valueFault{fmt.Sprintf("%q is not a probe", s), "write http:/path, tcp or exec:COMMAND"}
}

var probeKeys = []row[Spec]{
	key("probe", probeKind, "", func(s *Spec) *ProbeCheck { return &s.Probe.ProbeCheck },
		"the check of a ready program that sends no heartbeats: http:/path, tcp or exec:COMMAND; without it the program counts as healthy while it runs").withoutRestart(),
	key("probe_span", duration, "10s", func(s *Spec) *Duration { return &s.Probe.Span },
		"the time from one probe to the next").withoutRestart(),
	key("probe_timeout", duration, "1s", func(s *Spec) *Duration { return &s.Probe.Timeout },
		"the longest time for one probe").withoutRestart(),
	key("probe_failures", wholeNumber(1, 1_000_000), "3", func(s *Spec) *int { return &s.Probe.Failures },
		"the number of failures in a row after which the worker is replaced; the first failure makes it unready").withoutRestart(),
}

// probeContradictions are the contradictions of probe with other keys.
var probeContradictions = []contradiction{
	{
		"probe", func(s *Spec, _ func(string) bool) bool { return s.Probe.Kind == "tcp" && s.Socket == "inherit" },
		"probe = tcp proves nothing with socket = inherit: the initiator's socket takes the connection", "write probe = http:/path for one worker on the port, probe = exec:COMMAND, or socket = reserve",
	}, {
		"probe", func(s *Spec, _ func(string) bool) bool {
			return s.inheritsFixedPort() && s.Replicas > 1 && s.Probe.Kind == "http"
		},
		"the replicas share one socket, so another replica may answer this probe", "write probe = exec:COMMAND",
	}, {
		"probe", func(s *Spec, _ func(string) bool) bool { return s.guessesPort(s.Probe.Kind) },
		"with contract = off the program does not know its port, and the probe connects to that port", "write port = the port that it listens on, {port} in command or environment, or probe = exec:COMMAND",
	}, {
		"probe_span probe_timeout", func(s *Spec, _ func(string) bool) bool {
			return s.Probe.Kind != "" && (s.Probe.Span <= 0 || s.Probe.Timeout <= 0)
		},
		"probe_span and probe_timeout must be longer than 0", "write probe_span = 10s and probe_timeout = 1s",
	}, {
		"probe_span probe_timeout probe_failures", func(s *Spec, given func(string) bool) bool {
			return s.Probe.Kind == "" && (given("probe_span") || given("probe_timeout") || given("probe_failures"))
		},
		"the key has no meaning without probe", "write probe = http:/path, tcp or exec:COMMAND",
	},
}
