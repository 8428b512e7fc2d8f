package port

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNextPort(t *testing.T) {
	t.Parallel()
	rng := Range{Min: 50000, Max: 50003}
	tests := []struct {
		name         string
		rng          Range
		listen, busy []int
		port         int
		err          string
	}{
		{"lowest of the range", rng, nil, nil, 50000, ""},
		{"busy is skipped", rng, nil, []int{50000, 50001}, 50002, ""},
		{"the end is included", rng, nil, []int{50000, 50001, 50002}, 50003, ""},
		{"a section's listen_port is skipped", rng, []int{50000, 50001}, nil, 50002, ""},
		{"listen_port 0 is any port", rng, []int{0}, nil, 50000, ""},
		{"0 begins no range", Range{Min: 0, Max: 10}, nil, nil, 1, ""},
		{"65536 is clamped", Range{Min: 65535, Max: 65536}, nil, nil, 65535, ""},
		{"65536 is not given", Range{Min: 65535, Max: 65536}, nil, []int{65535}, 0, "choose port on 127.0.0.1: 1 of 1 ports of 65535…65535 are taken"},
		{
			"exhausted", rng,
			[]int{50003},
			[]int{50000, 50001, 50002},
			0, "choose port on 127.0.0.1: 4 of 4 ports of 50000…50003 are taken (0 by this initiator, 4 in use or configured, 0 by other programs);" +
				" widen child_port_min … child_port_max in [initiator], or run fewer workers",
		},
		{
			"upside down",
			Range{Min: 5, Max: 4},
			nil, nil,
			0, "choose port: child_port_min = 5 is above child_port_max = 4 in [initiator]; exchange them",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port, err := NextPort(tt.rng, setOf(tt.listen), setOf(tt.busy))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if port != tt.port || !strings.HasPrefix(text, tt.err) || tt.err == "" && err != nil {
				t.Errorf("got %d, %q, want %d, %q", port, text, tt.port, tt.err)
			}
		})
	}
}

func TestNextPortIsTheLowestFree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		port := rapid.IntRange(1, 40)
		rng := Range{Min: port.Draw(t, "min"), Max: port.Draw(t, "max")}
		listen, busy := setOf(rapid.SliceOf(port).Draw(t, "listen")), setOf(rapid.SliceOf(port).Draw(t, "busy"))
		got, err := NextPort(rng, listen, busy)
		if err == nil && (got < rng.Min || got > rng.Max || busy[got] || listen[got]) {
			t.Fatalf("%d is outside %d…%d, or taken", got, rng.Min, rng.Max)
		}
		for p := rng.Min; p <= rng.Max; p++ {
			if !busy[p] && !listen[p] && (err != nil || p < got) {
				t.Fatalf("got %d, %v although %d is free", got, err, p)
			}
		}
	})
}

// TestTakeGoesThroughNextPort: with any listen_ports, busy ports, ports of
// other workers and ports of other programs, the allocator gives the port that
// NextPort chooses, and fails when NextPort does.
func TestTakeGoesThroughNextPort(t *testing.T) {
	rng := freeRange(t, 8)
	rapid.Check(t, func(t *rapid.T) {
		ports := rapid.SliceOfN(rapid.IntRange(rng.Min, rng.Max), 0, 4)
		a := New(rng)
		listen := setOf(ports.Draw(t, "listen_ports"))
		a.SetListenPorts(listen)
		taken := map[int]bool{}
		for p := range setOf(ports.Draw(t, "other programs")) {
			taken[p] = true
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
		}
		for range 4 {
			busy := setOf(ports.Draw(t, "busy"))
			all := maps.Clone(taken)
			maps.Copy(all, busy)
			want, none := NextPort(rng, listen, all)
			res, err := a.Take(rapid.SampledFrom(modes).Draw(t, "mode"), "", 0, busy)
			var exhausted *ExhaustedError
			switch {
			case err != nil && (none == nil || !errors.As(err, &exhausted)):
				t.Fatalf("%v although NextPort gives %d", err, want)
			case err == nil && (none != nil || res.Port != want):
				t.Fatalf("Take gives %d, NextPort %d, %v", res.Port, want, none)
			case err == nil:
				taken[res.Port] = true
				defer res.Release()
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
