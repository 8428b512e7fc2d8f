package call

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"initiator/internal/contentcoding"
	"initiator/internal/webhook"
)

// Pool calls the methods of workers through their direct listeners. Make a pool
// with [New], [FromSettings] or [Default], and end it with Close. All methods
// may be called from any goroutine.
type Pool struct {
	defaults  settings
	notify    func(address string, live bool)
	http      *http.Client
	bodyLimit int64 // of an answer, in bytes

	life       context.Context // ends calls and probes
	cancelLife context.CancelCauseFunc
	background sync.WaitGroup // probes and futures

	mu       sync.Mutex // guards the fields below, and the fields of rotation
	rotation rotation
	closed   bool
}

// Options configure a [Pool]. The zero value makes a pool without addresses.
type Options struct {
	// Addresses are URLs such as http://127.0.0.1:49152. An address without a
	// scheme gets http. An item may hold several addresses, separated by
	// commas.
	Addresses []string
	// Defaults apply to every call of the pool. The options of a single call
	// override them.
	Defaults []Option
	// Notify is called when an address leaves the rotation, because it did
	// not answer, and when it returns. It must not block. Nil means no calls.
	Notify func(address string, live bool)
	// HTTP sends the requests. Nil means a client of the pool's own, which
	// uses no proxy and follows no redirect.
	HTTP *http.Client
}

// idleCalls is the number of connections to each worker that stay open between
// calls.
const idleCalls = 64

// New makes a pool. The error names the address or the option that is invalid.
func New(o Options) (*Pool, error) {
	p := &Pool{
		defaults: settings{timeout: DefaultTimeout, codec: JSON, coding: contentcoding.None},
		notify:   o.Notify, http: o.HTTP, bodyLimit: webhook.DefaultLimit,
	}
	if err := p.configure(o); err != nil {
		return nil, fmt.Errorf("make a pool: %w", err)
	}
	if p.http == nil {
		p.http = webhook.NewHTTPClient(idleCalls)
	}
	if p.notify == nil {
		p.notify = func(string, bool) {}
	}
	p.life, p.cancelLife = context.WithCancelCause(context.Background())
	return p, nil
}

func (p *Pool) configure(o Options) error {
	if err := p.defaults.applyOptions(o.Defaults); err != nil {
		return err
	}
	addresses, err := normalizeAddresses(o.Addresses)
	if err != nil {
		return err
	}
	for _, a := range addresses {
		p.rotation.addAddress(a)
	}
	return nil
}

// ErrClosed is the error of calls that Close has ended, and of calls after it.
var ErrClosed = errors.New("the pool is closed")

// Close ends the calls in progress and the probes, and waits for both.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancelLife(ErrClosed)
	p.background.Wait()
	p.http.CloseIdleConnections()
}

// AddAddress adds an address. An address that the pool already has keeps its
// state.
func (p *Pool) AddAddress(address string) error {
	return p.changeAddresses("add", []string{address}, func(added []string) {
		for _, a := range added {
			p.rotation.addAddress(a)
		}
	})
}

// RemoveAddress removes an address. Calls in progress at that address go on.
func (p *Pool) RemoveAddress(address string) error {
	return p.changeAddresses("remove", []string{address}, func(removed []string) {
		p.rotation.keepAddresses(func(e *endpoint) bool { return !slices.Contains(removed, e.address) })
	})
}

// SetAddresses replaces the addresses of the pool. An address that the pool
// already has keeps its state.
func (p *Pool) SetAddresses(addresses ...string) error {
	return p.changeAddresses("set", addresses, func(wanted []string) {
		p.rotation.keepAddresses(func(e *endpoint) bool { return slices.Contains(wanted, e.address) })
		for _, a := range wanted {
			p.rotation.addAddress(a)
		}
	})
}

func (p *Pool) changeAddresses(verb string, addresses []string, change func([]string)) error {
	addresses, err := normalizeAddresses(addresses)
	if err != nil {
		return fmt.Errorf("%s an address: %w", verb, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	change(addresses)
	return nil
}

// Addresses returns the addresses of the pool. The value is true for an address
// in the rotation, and false for an address that did not answer.
func (p *Pool) Addresses() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := map[string]bool{}
	for _, e := range p.rotation.endpoints {
		list[e.address] = e.live
	}
	return list
}

// normalizeAddresses splits items at their commas and adds missing schemes.
func normalizeAddresses(items []string) ([]string, error) {
	var list []string
	for item := range strings.SplitSeq(strings.Join(items, ","), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if !strings.Contains(item, "://") {
			item = "http://" + item
		}
		u, err := url.Parse(item)
		switch {
		case err != nil || u.Hostname() == "":
			return nil, fmt.Errorf("%q is not an address; write http://host:port", item)
		case u.Scheme == "tcp" || u.Scheme == "ipc":
			return nil, fmt.Errorf("%q is an address of toto's ZeroMQ transport, which is not supported; write http://host:port", item)
		case u.Scheme != "http" && u.Scheme != "https":
			return nil, fmt.Errorf("%q is neither http nor https; write http://host:port", item)
		}
		list = append(list, strings.TrimRight(item, "/"))
	}
	return list, nil
}
