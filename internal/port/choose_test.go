package port

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"initiator/proactor"
)

func TestNextPort(t *testing.T) {
	rng := "[initiator]\nchild_port_min = 50000\nchild_port_max = 50003\n"
	tests := []struct {
		name string
		ini  string
		busy []int
		port int
		warn string
		err  string
	}{
		{"lowest of the range", rng, nil, 50000, "", ""},
		{"busy is skipped", rng, []int{50000, 50001}, 50002, "", ""},
		{"the end is included", rng, []int{50000, 50001, 50002}, 50003, "", ""},
		{"a section's listen_port is skipped", rng + "[worker:a]\nlisten_port = 50000\n[0a1b]\nlisten_port = 50001\n", nil, 50002, "", ""},
		{"an inherited listen_port too", "[DEFAULT]\nlisten_port = 50000\n" + rng, nil, 50001, "", ""},
		{"a referenced listen_port too", rng + "[x]\nn = 50000\nlisten_port = ${n}\n", nil, 50001, "", ""},
		{"listen_port 0 is any", rng + "[x]\nlisten_port = 0\n", nil, 50000, "", ""},
		{"defaults", "[initiator]\n", nil, 49152, "", ""},
		{"no section: DEFAULT", "[DEFAULT]\nchild_port_min = 50007\n", nil, 50007, "", ""},
		{"65536 is clamped", "[initiator]\nchild_port_min = 65535\nchild_port_max = 65536\n", nil, 65535, "x.ini:3: initiator, child_port_max: there is no port 65536; 65535 is used", ""},
		{
			"exhausted", rng + "[x]\nlisten_port = 50003\n",
			[]int{50000, 50001, 50002},
			0, "", "4 of 4 ports of 50000…50003 are taken (0 by this initiator, 4 in use or configured, 0 by other programs); widen child_port_min … child_port_max in [initiator]",
		},
		{"upside down", "[initiator]\nchild_port_min = 5\nchild_port_max = 4\n", nil, 0, "", "child_port_min = 5 is above child_port_max = 4"},
		{"port 0 begins no range", "[initiator]\nchild_port_min = 0\n", nil, 0, "", `x.ini:2: initiator, child_port_min: "0" is not a port; give a number from 1 to 65535`},
		{"too high", "[initiator]\nchild_port_max = 65537\n", nil, 0, "", `child_port_max: "65537" is not a port`},
		{"no number", rng + "[x]\nlisten_port = http\n", nil, 0, "", `x.ini:5: x, listen_port: "http" is not a port`},
		{"no value", rng + "[x]\nlisten_port\n", nil, 0, "", `listen_port: "" is not a port`},
		{"bad reference", rng + "[x]\nlisten_port = ${nope}\n", nil, 0, "", "x.ini:5: x, listen_port: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := proactor.Parse("x.ini", []byte(tt.ini))
			must(t, err)
			port, warn, err := NextPort(cfg, "initiator", setOf(tt.busy))
			if port != tt.port || warn != tt.warn {
				t.Errorf("got %d, %q, want %d, %q", port, warn, tt.port, tt.warn)
			}
			if (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestNextPortReportsEveryFault(t *testing.T) {
	cfg, err := proactor.Parse("x.ini", []byte("[DEFAULT]\nlisten_port = no\n[a]\n[b]\n[c]\nlisten_port = 70000\n"))
	must(t, err)
	_, _, err = NextPort(cfg, "initiator", nil)
	var faults proactor.Faults
	if !errors.As(err, &faults) || len(faults) != 2 {
		t.Fatalf("got %v, want one fault of DEFAULT and one of c", err)
	}
}

func TestNextIsTheLowestFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.IntRange(1, 40).Draw(t, "min")
		high := rapid.IntRange(1, 40).Draw(t, "max")
		taken := setOf(rapid.SliceOf(rapid.IntRange(1, 40)).Draw(t, "taken"))
		port, ok := next(low, high, func(p int) bool { return taken[p] })
		if ok && (port < low || port > high || taken[port]) {
			t.Fatalf("%d is outside %d…%d, or taken", port, low, high)
		}
		for p := low; p <= high; p++ {
			if !taken[p] && (!ok || p < port) {
				t.Fatalf("got %d, %v although %d is free", port, ok, p)
			}
		}
	})
}

func setOf(ports []int) map[int]bool {
	set := map[int]bool{}
	for _, p := range ports {
		set[p] = true
	}
	return set
}
