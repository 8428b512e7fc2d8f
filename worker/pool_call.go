package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ErrCallTimeout is why a call ended that was not answered within its timeout.
// It is a context.DeadlineExceeded as well.
var ErrCallTimeout = fmt.Errorf("no answer within its timeout: %w", context.DeadlineExceeded)

// Invoke calls a method and waits for its result. Params may be anything that
// the codec takes; nil is {}, as in toto. The error is a *[CallError] when the
// worker answered with one; otherwise it wraps ErrCallTimeout, ErrPoolClosed,
// what ended ctx, or what broke the connection.
func (p *Pool) Invoke(ctx context.Context, method string, params any, options ...CallOption) (Result, error) {
	c, err := p.prepare(method, params, options)
	if err != nil {
		return Result{}, fmt.Errorf("call %s: %w", method, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.life, func() { cancel(ErrPoolClosed) })()
	return p.try(ctx, c)
}

// call is a call that is ready to be sent.
type call struct {
	callSettings
	method string
	body   []byte
}

func (p *Pool) prepare(method string, params any, options []CallOption) (call, error) {
	c := call{callSettings: p.defaults, method: method}
	if err := c.apply(options); err != nil {
		return c, err
	}
	if params == nil {
		params = map[string]any{}
	}
	body, err := c.codec.Marshal(map[string]any{"method": method, "parameters": params})
	if err != nil {
		return c, fmt.Errorf("marshal the parameters: %w", err)
	}
	c.body, err = compress(c.coding, body)
	return c, err
}

// try goes from connection to connection until one has answered. Each retry
// pays for a try that may have run; one that certainly has not is free while
// there is somebody else to ask.
func (p *Pool) try(ctx context.Context, c call) (Result, error) {
	tried := map[*endpoint]bool{}
	for left := c.retries; ; {
		e, err := p.pick(tried)
		if err != nil {
			return Result{}, fmt.Errorf("call %s: %w", c.method, err)
		}
		tried[e] = true
		result, f := p.exchange(ctx, c, e)
		if f == nil {
			return result, nil
		}
		free := f.notRun && p.untried(tried)
		if f.final || !free && left == 0 {
			return Result{}, f.err
		}
		if free {
			continue
		}
		left--
		if err := pause(ctx, f.wait); err != nil {
			return Result{}, fmt.Errorf("call %s: %w", c.method, err)
		}
	}
}

// pause waits as long as a worker without a free slot has asked for.
func pause(ctx context.Context, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pool) pick(tried map[*endpoint]bool) (*endpoint, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrPoolClosed
	}
	e := p.rotation.pick(tried)
	if e == nil {
		return nil, errors.New("the pool has no address; give it one with Add")
	}
	return e, nil
}

func (p *Pool) untried(tried map[*endpoint]bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rotation.untried(tried)
}

// failure is why one try brought no result.
type failure struct {
	err    error
	final  bool          // no other connection can help
	notRun bool          // the method has certainly not been run
	wait   time.Duration // the worker asks to be left alone for so long
}

// exchange is one try at one connection.
func (p *Pool) exchange(ctx context.Context, c call, e *endpoint) (Result, *failure) {
	within := ctx
	if c.timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeoutCause(ctx, c.timeout, ErrCallTimeout)
		defer cancel()
	}
	status, header, body, err := p.send(within, c, e)
	if err == nil {
		return c.read(e.address, status, header, body, p.limit)
	}
	f := &failure{notRun: neverSent(err)}
	switch {
	case ctx.Err() != nil: // not the worker's fault
		f.err, f.final = context.Cause(ctx), true
	case within.Err() != nil:
		f.err = context.Cause(within)
		p.doubt(e)
	default:
		f.err = err
		p.doubt(e)
	}
	f.err = fmt.Errorf("call %s on %s: %w", c.method, e.address, f.err)
	return Result{}, f
}

// neverSent: nobody took the connection.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func (p *Pool) send(ctx context.Context, c call, e *endpoint) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address+"/", bytes.NewReader(c.body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", c.codec.MIME())
	if c.coding != codingNone {
		req.Header.Set("Content-Encoding", c.coding)
		req.Header.Set("Accept-Encoding", c.coding)
	}
	if c.bearer != nil {
		if token := c.bearer(e.address); token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	res, err := p.http.Do(req)
	if err != nil {
		var wrapped *url.Error // repeats method and URL
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, p.limit+1))
	return res.StatusCode, res.Header, body, err
}

// read makes a result, or an error, of an answer.
func (c call) read(address string, status int, header http.Header, body []byte, limit int64) (Result, *failure) {
	coding, ok := codingOf(header.Get("Content-Encoding"))
	var err error
	switch {
	case !ok:
		err = fmt.Errorf("the answer is encoded in %q, which was not asked for", header.Get("Content-Encoding"))
	case int64(len(body)) > limit:
		err = fmt.Errorf("the answer is longer than %d bytes", limit)
	default:
		body, err = decompress(coding, body, limit)
	}
	switch {
	case err != nil:
		return Result{}, &failure{err: fmt.Errorf("call %s on %s: %w", c.method, address, err), final: true}
	case status == http.StatusOK:
		return Result{codec: c.codec, body: body}, nil
	}
	seconds, _ := strconv.Atoi(header.Get("Retry-After")) // none is 0
	full := status == http.StatusServiceUnavailable
	return Result{}, &failure{
		err: c.callError(address, status, body), final: !full, notRun: full,
		wait: time.Duration(max(seconds, 0)) * time.Second,
	}
}
