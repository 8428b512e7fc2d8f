package worker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"initiator/proactor"
)

// Pool calls the methods of workers through their direct doors: toto's
// WorkerConnection. Calls go round robin over the connections that are alive.
// Make one with [NewPool] and end it with Close. All methods may be called
// from any goroutine.
type Pool struct {
	defaults callSettings
	notify   func(address string, live bool)
	http     *http.Client
	limit    int64 // of an answer, in bytes

	life context.Context // ends calls and probes
	end  context.CancelCauseFunc
	work sync.WaitGroup // probes and futures

	mu       sync.Mutex // guards what follows, and what rotation holds
	rotation rotation
	closed   bool
}

// PoolOptions make a Pool. The zero value is a pool without connections.
type PoolOptions struct {
	// Addresses are URLs such as http://127.0.0.1:49152; without a scheme
	// they are http's. An item may hold several, separated by commas.
	Addresses []string
	// Defaults apply to every call that does not say otherwise.
	Defaults []CallOption
	// Notify is told when a connection leaves the rotation, because it did
	// not answer, and when it comes back. It must not block; nil = nobody.
	Notify func(address string, live bool)
	// HTTP does the exchanges; nil is a client of the pool's own, which asks
	// no proxy and follows no redirect.
	HTTP *http.Client
}

// idleCalls is how many connections to each worker stay open between calls.
const idleCalls = 64

// NewPool makes a pool. The error names an address or an option that is wrong.
func NewPool(o PoolOptions) (*Pool, error) {
	defaults := callSettings{timeout: DefaultCallTimeout, codec: JSON, coding: codingNone}
	if err := defaults.apply(o.Defaults); err != nil {
		return nil, fmt.Errorf("make a pool: %w", err)
	}
	addresses, err := normal(o.Addresses)
	if err != nil {
		return nil, fmt.Errorf("make a pool: %w", err)
	}
	p := &Pool{defaults: defaults, notify: o.Notify, http: o.HTTP, limit: proactor.DefaultLimit}
	if p.http == nil {
		p.http = proactor.NewHTTP(idleCalls)
	}
	if p.notify == nil {
		p.notify = func(string, bool) {}
	}
	p.life, p.end = context.WithCancelCause(context.Background())
	for _, a := range addresses {
		p.rotation.add(a)
	}
	return p, nil
}

// ErrPoolClosed is why calls fail after Close.
var ErrPoolClosed = errors.New("the pool is closed")

// Close ends the calls that are under way and everything that the pool runs.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end(ErrPoolClosed)
	p.work.Wait()
	p.http.CloseIdleConnections()
}

// Add adds a connection. One that is there already is left alone.
func (p *Pool) Add(address string) error {
	return p.change("add", []string{address}, func(wanted []string) {
		for _, a := range wanted {
			p.rotation.add(a)
		}
	})
}

// Remove takes a connection out. Calls that it is working on are not disturbed.
func (p *Pool) Remove(address string) error {
	return p.change("remove", []string{address}, func(unwanted []string) {
		p.rotation.keep(func(e *endpoint) bool { return !slices.Contains(unwanted, e.address) })
	})
}

// Set makes the addresses all the connections there are. Those that were there
// already are left alone.
func (p *Pool) Set(addresses ...string) error {
	return p.change("set", addresses, func(wanted []string) {
		p.rotation.keep(func(e *endpoint) bool { return slices.Contains(wanted, e.address) })
		for _, a := range wanted {
			p.rotation.add(a)
		}
	})
}

func (p *Pool) change(verb string, addresses []string, f func([]string)) error {
	addresses, err := normal(addresses)
	if err != nil {
		return fmt.Errorf("%s an address: %w", verb, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f(addresses)
	return nil
}

// Addresses lists the connections, with whether each is in the rotation.
func (p *Pool) Addresses() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := map[string]bool{}
	for _, e := range p.rotation.all {
		list[e.address] = e.live
	}
	return list
}

// normal splits and completes addresses.
func normal(addresses []string) ([]string, error) {
	var list []string
	for item := range strings.SplitSeq(strings.Join(addresses, ","), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if !strings.Contains(item, "://") {
			item = "http://" + item
		}
		u, err := url.Parse(item)
		switch {
		case err != nil || u.Hostname() == "":
			return nil, fmt.Errorf("%q is no address; write http://host:port", item)
		case u.Scheme == "tcp" || u.Scheme == "ipc":
			return nil, fmt.Errorf("%q is toto's ZeroMQ transport, which is not spoken; write http://host:port", item)
		case u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("%q is neither http nor https", item)
		}
		list = append(list, strings.TrimRight(item, "/"))
	}
	return list, nil
}
