package call

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

	"initiator/internal/contentcoding"
)

// ErrTimeout is the error of a call that no worker answered within its
// timeout. It wraps context.DeadlineExceeded.
var ErrTimeout = fmt.Errorf("no answer within its timeout: %w", context.DeadlineExceeded)

// Invoke calls a method and waits for its result. Params may be any value that
// the codec can marshal; nil stands for {}, as in toto. The error is an *[Error]
// when the worker answered with an error. Otherwise it wraps [ErrTimeout],
// [ErrClosed], the cause that ended ctx, or the error of the connection.
func (p *Pool) Invoke(ctx context.Context, method string, params any, options ...Option) (Result, error) {
	r, err := p.newRequest(method, params, options)
	if err != nil {
		return Result{}, fmt.Errorf("call %s: %w", method, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.life, func() { cancel(ErrClosed) })()
	return p.attemptAddresses(ctx, r)
}

// Invoke calls a method with [Pool.Invoke] and decodes its result.
func Invoke[Out any](ctx context.Context, p *Pool, method string, params any, options ...Option) (Out, error) {
	var out Out
	result, err := p.Invoke(ctx, method, params, options...)
	if err == nil {
		err = result.Decode(&out)
	}
	return out, err
}

// request is a call that is ready to be sent.
type request struct {
	settings
	method string
	body   []byte
}

func (p *Pool) newRequest(method string, params any, options []Option) (request, error) {
	r := request{settings: p.defaults, method: method}
	if err := r.applyOptions(options); err != nil {
		return r, err
	}
	if params == nil {
		params = map[string]any{}
	}
	body, err := r.codec.Marshal(map[string]any{"method": method, "parameters": params})
	if err != nil {
		return r, fmt.Errorf("marshal the parameters: %w", err)
	}
	r.body, err = contentcoding.Encode(r.coding, body)
	return r, err
}

// attemptAddresses sends the request to one address after another until a
// worker answers. An attempt after which the method may have run uses up a
// retry. An attempt after which the method certainly has not run uses up none,
// as long as an untried address is left.
func (p *Pool) attemptAddresses(ctx context.Context, r request) (Result, error) {
	tried := map[*endpoint]bool{}
	for retriesLeft := r.retries; ; {
		e, err := p.pickEndpoint(tried)
		if err != nil {
			return Result{}, fmt.Errorf("call %s: %w", r.method, err)
		}
		tried[e] = true
		result, failure := p.attempt(ctx, r, e)
		if failure == nil {
			return result, nil
		}
		free := failure.notRun && p.hasUntried(tried)
		if failure.final || !free && retriesLeft == 0 {
			return Result{}, failure.err
		}
		if free {
			continue
		}
		retriesLeft--
		if err := waitRetryAfter(ctx, failure.retryAfter); err != nil {
			return Result{}, fmt.Errorf("call %s: %w", r.method, err)
		}
	}
}

// waitRetryAfter waits for the time that a worker without a free slot has asked
// for in its header Retry-After.
func waitRetryAfter(ctx context.Context, wait time.Duration) error {
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

func (p *Pool) pickEndpoint(tried map[*endpoint]bool) (*endpoint, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	e := p.rotation.pickEndpoint(tried)
	if e == nil {
		return nil, errors.New("the pool has no address; add one with AddAddress")
	}
	return e, nil
}

func (p *Pool) hasUntried(tried map[*endpoint]bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rotation.hasUntried(tried)
}

// attemptFailure says why one attempt brought no result.
type attemptFailure struct {
	err        error
	final      bool          // another address cannot help
	notRun     bool          // the method has certainly not run
	retryAfter time.Duration // the wait that the worker has asked for
}

// attempt sends the request to one address and reads the answer.
func (p *Pool) attempt(ctx context.Context, r request, e *endpoint) (Result, *attemptFailure) {
	limited := ctx
	if r.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, r.timeout, ErrTimeout)
		defer cancel()
	}
	status, header, body, err := p.sendRequest(limited, r, e)
	if err == nil {
		return r.readAnswer(e.address, status, header, body, p.bodyLimit)
	}
	failure := &attemptFailure{notRun: isDialError(err)}
	switch {
	case ctx.Err() != nil: // the caller ended the call; the worker is not at fault
		failure.err, failure.final = context.Cause(ctx), true
	case limited.Err() != nil:
		failure.err = context.Cause(limited)
		p.suspendEndpoint(e)
	default:
		failure.err = err
		p.suspendEndpoint(e)
	}
	failure.err = fmt.Errorf("call %s on %s: %w", r.method, e.address, failure.err)
	return Result{}, failure
}

// isDialError reports whether there was no connection, so that no request was
// sent.
func isDialError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func (p *Pool) sendRequest(ctx context.Context, r request, e *endpoint) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.address+"/", bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", r.codec.MIME())
	if r.coding != contentcoding.None {
		req.Header.Set("Content-Encoding", r.coding)
		req.Header.Set("Accept-Encoding", r.coding)
	}
	if r.bearer != nil {
		if token := r.bearer(e.address); token != "" {
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
	body, err := io.ReadAll(io.LimitReader(res.Body, p.bodyLimit+1))
	return res.StatusCode, res.Header, body, err
}

// readAnswer makes a result or an error of a worker's answer.
func (r request) readAnswer(address string, status int, header http.Header, body []byte, limit int64) (Result, *attemptFailure) {
	coding, ok := contentcoding.Parse(header.Get("Content-Encoding"))
	var err error
	switch {
	case !ok:
		err = fmt.Errorf("the answer is encoded in %q, which was not requested", header.Get("Content-Encoding"))
	case int64(len(body)) > limit:
		err = fmt.Errorf("the answer is longer than %d bytes", limit)
	default:
		body, err = contentcoding.Decode(coding, body, limit)
	}
	switch {
	case err != nil:
		return Result{}, &attemptFailure{err: fmt.Errorf("call %s on %s: %w", r.method, address, err), final: true}
	case status == http.StatusOK:
		return Result{codec: r.codec, body: body}, nil
	}
	seconds, _ := strconv.Atoi(header.Get("Retry-After")) // 0 without the header
	refused := status == http.StatusServiceUnavailable
	return Result{}, &attemptFailure{
		err: r.newError(address, status, body), final: !refused, notRun: refused,
		retryAfter: time.Duration(max(seconds, 0)) * time.Second,
	}
}
