package port

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

var modes = []string{Reserve, Inherit, Bind}

// take takes a port and releases it at the end of the test.
func take(t testing.TB, a *Allocator, mode, addr string, fixed int, busy map[int]bool) *Reservation {
	t.Helper()
	res, err := a.Take(mode, addr, fixed, busy)
	must(t, err)
	t.Cleanup(res.Release)
	return res
}

// TestNoPortTwice takes a thousand ports at once: from goroutines, and from two
// more initiators on the same range.
func TestNoPortTwice(t *testing.T) {
	for _, mode := range []string{Reserve, Inherit} {
		t.Run(mode, func(t *testing.T) {
			rng := freeRange(t, 1500)
			args := []string{mode, fmt.Sprint(rng.Min), fmt.Sprint(rng.Max), "300"}
			others := []*child{play(t, "take", args...), play(t, "take", args...)}
			for _, c := range others {
				c.line(t) // ready
			}
			for _, c := range others {
				_, err := c.stdin.Write([]byte{'\n'})
				must(t, err)
			}
			seen := map[string]int{}
			for _, p := range takeMany(t, New(rng), mode, 8, 50) {
				seen[fmt.Sprint(p)]++
			}
			for _, c := range others {
				for range 300 {
					seen[c.line(t)]++
				}
			}
			for p, n := range seen {
				if n > 1 {
					t.Errorf("port %s was given to %d workers", p, n)
				}
			}
			if len(seen) != 1000 {
				t.Errorf("%d ports, want 1000", len(seen))
			}
		})
	}
}

// takeMany takes each×workers ports from as many goroutines as workers.
func takeMany(t testing.TB, a *Allocator, mode string, workers, each int) []int {
	t.Helper()
	results := make(chan *Reservation, workers*each)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for range each {
				res, err := a.Take(mode, "", 0, nil)
				if err != nil {
					t.Error(err)
					return
				}
				results <- res
			}
		})
	}
	running.Wait()
	close(results)
	var ports []int
	for res := range results {
		t.Cleanup(res.Release)
		ports = append(ports, res.Port)
	}
	return ports
}

// TestBindGivesNoPortTwiceInOneProcess: with bind no socket holds the port, but
// this process knows its own ports.
func TestBindGivesNoPortTwiceInOneProcess(t *testing.T) {
	seen := map[int]bool{}
	for _, p := range takeMany(t, New(freeRange(t, 400)), Bind, 8, 40) {
		if seen[p] {
			t.Errorf("port %d was given twice", p)
		}
		seen[p] = true
	}
}

func TestLowestFreeFirst(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			rng := freeRange(t, 6)
			a := New(rng)
			var got []*Reservation
			for range 4 {
				got = append(got, take(t, a, mode, "", 0, nil))
			}
			got[1].Release()
			if again := take(t, a, mode, "", 0, nil); again.Port != got[1].Port {
				t.Errorf("got %d, want the released %d", again.Port, got[1].Port)
			}
			if last := take(t, a, mode, "", 0, nil); last.Port <= got[3].Port {
				t.Errorf("got %d, want one above %d", last.Port, got[3].Port)
			}
		})
	}
}

func TestBusyIsSkippedOnlyWhileBusy(t *testing.T) {
	rng := freeRange(t, 4)
	a := New(rng)
	if res := take(t, a, Reserve, "", 0, map[int]bool{rng.Min: true}); res.Port != rng.Min+1 {
		t.Errorf("got %d, want %d", res.Port, rng.Min+1)
	}
	if res := take(t, a, Reserve, "", 0, nil); res.Port != rng.Min {
		t.Errorf("got %d, want %d that is no longer busy", res.Port, rng.Min)
	}
}

func TestTakenBeforeStart(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			rng := freeRange(t, 3)
			stranger := listen(t, rng.Min)
			a := New(rng)
			if res := take(t, a, mode, "", 0, nil); res.Port != rng.Min+1 {
				t.Errorf("got %d, want the next, %d", res.Port, rng.Min+1)
			}
			take(t, a, mode, "", 0, nil)
			must(t, stranger.Close())
			if res := take(t, a, mode, "", 0, nil); res.Port != rng.Min {
				t.Errorf("got %d, want %d whose stranger has gone", res.Port, rng.Min)
			}
		})
	}
}

// TestStolenBetweenChoiceAndBind: the worker finds its port taken; the caller
// avoids the port, and gets the next.
func TestStolenBetweenChoiceAndBind(t *testing.T) {
	rng := freeRange(t, 3)
	a := New(rng)
	chosen := take(t, a, Bind, "", 0, nil)
	listen(t, chosen.Port)
	chosen.Release()
	res := take(t, a, Bind, "", 0, map[int]bool{chosen.Port: true})
	if res.Port != chosen.Port+1 {
		t.Errorf("got %d, want %d", res.Port, chosen.Port+1)
	}
}

func TestExhausted(t *testing.T) {
	rng := freeRange(t, 4)
	listen(t, rng.Max)
	a := New(rng)
	take(t, a, Reserve, "", 0, nil)
	take(t, a, Inherit, "", 0, nil)
	before := openFiles(t)
	_, err := a.Take(Reserve, "", 0, map[int]bool{rng.Min + 2: true})
	var none *ExhaustedError
	if !errors.As(err, &none) {
		t.Fatalf("got %v, want *Exhausted", err)
	}
	if none.HeldHere != 2 || none.Excluded != 1 || none.Others != 1 {
		t.Errorf("got %+v, want 2 ours, 1 busy, 1 other's", none)
	}
	for _, want := range []string{"4 of 4", fmt.Sprintf("%d…%d", rng.Min, rng.Max), "widen child_port_min"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestAnyPortOfTheKernel(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			a := New(Range{})
			first := take(t, a, mode, "", 0, nil)
			second := take(t, a, mode, "", 0, nil)
			if first.Port == 0 || second.Port == 0 || first.Port == second.Port {
				t.Errorf("got %d and %d", first.Port, second.Port)
			}
		})
	}
}

func TestFixed(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			rng := freeRange(t, 2)
			a := New(rng)
			if res := take(t, a, mode, "", rng.Max, nil); res.Port != rng.Max {
				t.Errorf("got %d, want %d", res.Port, rng.Max)
			}
			_, err := a.Take(mode, "", rng.Max, nil)
			var taken *TakenError
			if !errors.As(err, &taken) || !taken.HeldHere {
				t.Errorf("got %v, want *Taken by ourselves", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	a := New(Range{Min: 40000, Max: 40010})
	tests := []struct {
		name, mode, addr string
		fixed            int
		want             string
	}{
		{"mode", "hold", "", 0, `unknown mode "hold"`},
		{"too high", Reserve, "", 65536, "take port 65536: no such port"},
		{"negative", Reserve, "", -1, "no such port"},
		{"not our address", Reserve, "192.0.2.1", 40000, "correct listen_addr"},
		{"not our address, next free", Reserve, "192.0.2.1", 0, "correct listen_addr"},
		{"no address", Bind, "256.1.1.1.invalid", 0, "give an IP address"},
		{"no such zone", Bind, "fe80::1%nope9", 0, "zone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := a.Take(tt.mode, tt.addr, tt.fixed, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want %q", res, err, tt.want)
			}
		})
	}
}

func TestIPv6Only(t *testing.T) {
	for _, mode := range modes {
		for _, addr := range []string{"::1", "[::1]"} {
			t.Run(mode+" "+addr, func(t *testing.T) {
				rng := freeRange(t, 3)
				rng.Addr = addr
				a := New(rng)
				res, err := a.Take(mode, "", 0, nil)
				if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
					t.Skip("this machine has no IPv6 loopback:", err)
				}
				must(t, err)
				t.Cleanup(res.Release)
				// The same number on IPv4 is another port.
				listen(t, res.Port)
				if mode != Inherit {
					l, err := net.Listen("tcp", fmt.Sprintf("[::1]:%d", res.Port))
					must(t, err)
					must(t, l.Close())
				}
			})
		}
	}
}

func TestReleaseAndCloseTwice(t *testing.T) {
	before := openFiles(t)
	for _, mode := range modes {
		a := New(freeRange(t, 2))
		res, err := a.Take(mode, "", 0, nil)
		must(t, err)
		must(t, res.Close())
		must(t, res.Close())
		if res.File() != nil {
			t.Errorf("%s: a file after Close", mode)
		}
		res.Release()
		res.Release()
		if err := res.Rebind(); err == nil {
			t.Errorf("%s: rebound after Release", mode)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestAnyOrderOfTakeAndRelease: in any order of takes and releases, a port is
// within the range, not held, not avoided, and the lowest such port; Take fails
// only when there is none.
func TestAnyOrderOfTakeAndRelease(t *testing.T) {
	rng := freeRange(t, 8)
	rapid.Check(t, func(t *rapid.T) {
		a := New(rng)
		mine := map[int]*Reservation{}
		defer func() {
			for _, res := range mine {
				res.Release()
			}
		}()
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				busy := setOf(rapid.SliceOfN(rapid.IntRange(rng.Min, rng.Max), 0, 4).Draw(t, "busy"))
				all := maps.Clone(busy)
				for p := range mine {
					all[p] = true
				}
				want, none := NextPort(rng, nil, all)
				res, err := a.Take(rapid.SampledFrom(modes).Draw(t, "mode"), "", 0, busy)
				var exhausted *ExhaustedError
				switch {
				case errors.As(err, &exhausted) && none != nil:
				case err != nil:
					t.Fatalf("%v, though %d is free", err, want)
				case res.Port != want:
					t.Fatalf("got %d, want %d", res.Port, want)
				default:
					mine[res.Port] = res
				}
			},
			"release": func(t *rapid.T) {
				p := rapid.IntRange(rng.Min, rng.Max).Draw(t, "port")
				if mine[p] != nil {
					mine[p].Release()
					delete(mine, p)
				}
			},
		})
	})
}

func listen(t testing.TB, port int) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestListenPortsAreAvoided: a listen_port of the configuration is given to
// the worker that asks for it by number, and to no other worker.
func TestListenPortsAreAvoided(t *testing.T) {
	t.Parallel()
	rng := freeRange(t, 4)
	a := New(rng)
	first := take(t, a, Bind, "", 0, nil)
	a.SetListenPorts(map[int]bool{rng.Min + 1: true})
	if second := take(t, a, Bind, "", 0, nil); first.Port != rng.Min || second.Port != rng.Min+2 {
		t.Errorf("got %d and %d, want %d and %d", first.Port, second.Port, rng.Min, rng.Min+2)
	}
	take(t, a, Bind, "", rng.Min+1, nil).Release()
	a.SetListenPorts(nil)
	if third := take(t, a, Bind, "", 0, nil); third.Port != rng.Min+1 {
		t.Errorf("got %d, want %d, which no section names any more", third.Port, rng.Min+1)
	}
}

func BenchmarkTake1000(b *testing.B) {
	for _, mode := range modes {
		b.Run(mode, func(b *testing.B) {
			for b.Loop() {
				a := New(Range{Min: 10000, Max: 19999})
				kept := make([]*Reservation, 0, 1000)
				for range 1000 {
					res, err := a.Take(mode, "", 0, nil)
					if err != nil {
						b.Fatal(err)
					}
					kept = append(kept, res)
				}
				for _, res := range kept {
					res.Release()
				}
			}
		})
	}
}
