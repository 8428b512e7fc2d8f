package plan

import (
	"fmt"
	"strings"
	"time"
)

// Probe looks after a worker that cannot beat, from the moment it is ready.
// The first failure makes it unready, the Failures-th in a row unhealthy.
type Probe struct {
	ProbeCheck
	Span     time.Duration // from one look to the next
	Timeout  time.Duration // of one look
	Failures int
}

// ProbeCheck is one look at a worker. The zero value: none.
type ProbeCheck struct {
	Kind    string   // "", "http", "tcp" or "exec"
	Path    string   // the path of "http"
	Command []string // the argv of "exec"; exit code 0 = well
}

var probeKind = kind[ProbeCheck]{name: "http:/path, tcp, exec:COMMAND", parse: parseProbe}

func parseProbe(s string) (ProbeCheck, error) {
	what, rest, _ := strings.Cut(s, ":")
	switch {
	case s == "tcp":
		return ProbeCheck{Kind: "tcp"}, nil
	case what == "http" && strings.HasPrefix(rest, "/"):
		return ProbeCheck{Kind: "http", Path: rest}, nil
	case what == "http":
		return ProbeCheck{}, wrong{fmt.Sprintf("%q names no path", s), "write http:/healthz; address and port are the worker's"}
	case what == "exec":
		argv, err := commandLine.parse(rest)
		if err == nil && len(argv) == 0 {
			err = wrong{"exec: names no command", "write exec:COMMAND, which ends with 0 when all is well"}
		}
		return ProbeCheck{Kind: "exec", Command: argv}, err
	}
	return ProbeCheck{}, wrong{fmt.Sprintf("%q is no probe", s), "write http:/path, tcp or exec:COMMAND"}
}

var probeKeys = []row[Spec]{
	key("probe", probeKind, "", func(s *Spec) *ProbeCheck { return &s.Probe.ProbeCheck },
		"how a program that cannot beat is looked after once it is ready: http:/path, tcp or exec:COMMAND; without one it is believed while it lives").lives(),
	key("probe_span", duration, "10s", func(s *Spec) *Duration { return &s.Probe.Span },
		"the time from one probe to the next").lives(),
	key("probe_timeout", duration, "1s", func(s *Spec) *Duration { return &s.Probe.Timeout },
		"how long one probe may take").lives(),
	key("probe_failures", number(1, 1_000_000), "3", func(s *Spec) *int { return &s.Probe.Failures },
		"how many failures in a row make a worker unhealthy, so that it is replaced; the first makes it unready").lives(),
}

// contradictions of probe with the other keys.
var probeContradictions = []contradiction{
	{
		"probe", func(s *Spec, _ func(string) bool) bool { return s.Probe.Kind == "tcp" && s.Socket == "inherit" },
		"probe = tcp proves nothing with socket = inherit: the initiator's socket takes the connection", "write probe = http:/path, or socket = reserve",
	}, {
		"probe", func(s *Spec, _ func(string) bool) bool {
			return !s.Contract && s.Port == 0 && !s.NamesPort() && (s.Probe.Kind == "tcp" || s.Probe.Kind == "http")
		},
		"with contract = off the program is not told its port, and the probe looks there", "write port = the port that it listens on, {port} in the command, or probe = exec:COMMAND",
	}, {
		"probe_span probe_timeout", func(s *Spec, _ func(string) bool) bool {
			return s.Probe.Kind != "" && (s.Probe.Span <= 0 || s.Probe.Timeout <= 0)
		},
		"a probe without a span or a timeout is none", "write probe_span = 10s and probe_timeout = 1s",
	}, {
		"probe_span probe_timeout probe_failures", func(s *Spec, given func(string) bool) bool {
			return s.Probe.Kind == "" && (given("probe_span") || given("probe_timeout") || given("probe_failures"))
		},
		"it has no meaning without probe", "write probe = http:/path, tcp or exec:COMMAND",
	},
}
