// Command peers compares the initiator with NATS (request and reply, which stores
// nothing). It measures a closed loop of small requests from a client process
// through a server to a worker process and back. Rounds of the systems alternate
// within one run:
//
//	cd bench/peers && go run .
//
// Each system has three processes, and one connection for all callers. The NATS
// server and its worker are this program with another first argument.
package main

import (
	"flag"
	"fmt"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// peer is a system that is measured.
type peer struct {
	name string
	once func() error // makes one request and waits for its reply; safe for many goroutines
}

func main() {
	rounds := flag.Int("rounds", 7, "number of rounds; the median counts")
	span := flag.Duration("time", 300*time.Millisecond, "length of a round")
	flag.Parse()
	log.SetFlags(0)
	if run, ok := programs[flag.Arg(0)]; ok {
		if err := run(flag.Arg(1)); err != nil {
			log.Fatalf("%s: %v", flag.Arg(0), err)
		}
		return
	}
	if err := measurePeers(*rounds, *span); err != nil {
		log.Fatal(err)
	}
}

// programs are the further programs that this binary can run, by first argument.
var programs = map[string]func(string) error{"nats-server": runNATSServer, "nats-worker": runNATSWorker}

// measurePeers prints the median rate of each peer for 1, 64 and 256 callers.
func measurePeers(rounds int, span time.Duration) error {
	var s setup
	defer s.closeAll()
	var peers []peer
	for _, open := range []func(*setup) (peer, error){openInitiator("off"), openInitiator("always"), openNATS} {
		p, err := open(&s)
		if err != nil {
			return err
		}
		peers = append(peers, p)
	}
	fmt.Printf("%-22s%12s%12s%12s\n", "requests/s", "1", "64", "256")
	results := make([][]float64, len(peers))
	for _, callers := range []int{1, 64, 256} {
		rates := make([][]float64, len(peers))
		for range rounds {
			for i, p := range peers {
				rate, err := measureRate(callers, span, p.once)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				rates[i] = append(rates[i], rate)
			}
		}
		for i := range peers {
			slices.Sort(rates[i])
			results[i] = append(results[i], rates[i][rounds/2])
		}
	}
	for i, p := range peers {
		fmt.Printf("%-22s%12.0f%12.0f%12.0f\n", p.name, results[i][0], results[i][1], results[i][2])
	}
	return nil
}

// measureRate returns how many requests a number of callers finish in a second.
func measureRate(callers int, span time.Duration, once func() error) (float64, error) {
	var group sync.WaitGroup
	var done atomic.Int64
	var failure atomic.Pointer[error]
	began := time.Now()
	for range callers {
		group.Go(func() {
			for time.Since(began) < span {
				if err := once(); err != nil {
					failure.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}
