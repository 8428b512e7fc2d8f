// Command peers measures a closed loop of small requests from a client process
// through a server to a worker process and back, of the running initiator and
// of NATS (request and reply, which keeps nothing), in turn in one run:
//
//	cd bench/peers && go run .
//
// Each has three processes, and one connection for all callers. The servers of
// others are this program again, with another first argument.
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

// peer is a system to be measured.
type peer struct {
	name string
	once func() error // one request, to its answer; safe for many goroutines
}

func main() {
	rounds := flag.Int("rounds", 7, "how many rounds, of which the median counts")
	span := flag.Duration("time", 300*time.Millisecond, "how long a round is")
	flag.Parse()
	log.SetFlags(0)
	if part, ok := parts[flag.Arg(0)]; ok {
		if err := part(flag.Arg(1)); err != nil {
			log.Fatalf("%s: %v", flag.Arg(0), err)
		}
		return
	}
	if err := measure(*rounds, *span); err != nil {
		log.Fatal(err)
	}
}

// parts are the other programs that this one can be.
var parts = map[string]func(string) error{"nats-server": natsServer, "nats-worker": natsWorker}

func measure(rounds int, span time.Duration) error {
	var h house
	defer h.close()
	var peers []peer
	for _, open := range []func(*house) (peer, error){openInitiator("off"), openInitiator("always"), openNATS} {
		p, err := open(&h)
		if err != nil {
			return err
		}
		peers = append(peers, p)
	}
	fmt.Printf("%-22s%12s%12s%12s\n", "requests/s", "1", "64", "256")
	results := make([][]float64, len(peers))
	for _, callers := range []int{1, 64, 256} {
		seen := make([][]float64, len(peers))
		for range rounds {
			for i, p := range peers {
				rate, err := perSecond(callers, span, p.once)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				seen[i] = append(seen[i], rate)
			}
		}
		for i := range peers {
			slices.Sort(seen[i])
			results[i] = append(results[i], seen[i][rounds/2])
		}
	}
	for i, p := range peers {
		fmt.Printf("%-22s%12.0f%12.0f%12.0f\n", p.name, results[i][0], results[i][1], results[i][2])
	}
	return nil
}

// perSecond is how many requests so many callers finish in a second.
func perSecond(callers int, span time.Duration, once func() error) (float64, error) {
	var group sync.WaitGroup
	var done atomic.Int64
	var fault atomic.Pointer[error]
	began := time.Now()
	for range callers {
		group.Go(func() {
			for time.Since(began) < span {
				if err := once(); err != nil {
					fault.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	if err := fault.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}
