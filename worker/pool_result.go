package worker

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Result is what a method answered. The zero value decodes nothing.
type Result struct {
	codec Codec
	body  []byte
}

// Decode stores the result in the value that v points to.
func (r Result) Decode(v any) error {
	if r.codec == nil {
		return fmt.Errorf("decode a result: there is none")
	}
	if err := r.codec.Unmarshal(r.body, v); err != nil {
		return fmt.Errorf("decode a result: %w", err)
	}
	return nil
}

// Bytes is the result as the codec wrote it. It must not be changed.
func (r Result) Bytes() []byte { return r.body }

// CallError is an error that a worker answered with.
type CallError struct {
	Method  string
	Address string
	Status  int // of HTTP; 503 = not taken, 404 = no such method
	Code    int // toto's: 1000 unless the method chose another
	Value   any // as decoded: mostly a string
}

// Error says what was called, where, and what came of it.
func (e *CallError) Error() string {
	return fmt.Sprintf("call %s on %s: %v (code %d, HTTP %d)", e.Method, e.Address, e.Value, e.Code, e.Status)
}

// shownBody is how much of an answer that cannot be read is shown.
const shownBody = 200

func (c call) callError(address string, status int, body []byte) *CallError {
	e := &CallError{Method: c.method, Address: address, Status: status, Code: codeServer}
	var answer map[string]any
	if err := c.codec.Unmarshal(body, &answer); err != nil {
		e.Value = strings.ToValidUTF8(string(body[:min(len(body), shownBody)]), "?")
		return e
	}
	fault, _ := answer["error"].(map[string]any)
	if code, err := strconv.ParseFloat(fmt.Sprint(fault["code"]), 64); err == nil {
		e.Code = int(code) // of whatever kind the codec makes numbers
	}
	if e.Value = fault["value"]; e.Value == nil {
		e.Value = answer
	}
	return e
}

// Future is a call that is under way.
type Future struct {
	done   chan struct{}
	cancel context.CancelFunc
	result Result
	err    error
}

// Go begins a call and returns at once.
func (p *Pool) Go(ctx context.Context, method string, params any, options ...CallOption) *Future {
	ctx, cancel := context.WithCancel(ctx)
	f := &Future{done: make(chan struct{}), cancel: cancel}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		f.err = fmt.Errorf("call %s: %w", method, ErrPoolClosed)
		cancel()
		close(f.done)
		return f
	}
	p.work.Go(func() {
		defer close(f.done)
		defer cancel()
		f.result, f.err = p.Invoke(ctx, method, params, options...)
	})
	return f
}

// Done is closed when the call has ended.
func (f *Future) Done() <-chan struct{} { return f.done }

// Join waits for the result. When ctx ends first the call goes on.
func (f *Future) Join(ctx context.Context) (Result, error) {
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// Cancel ends the call. Its worker cancels the method.
func (f *Future) Cancel() { f.cancel() }

// Method is a method by its dotted name, at whichever worker is next.
type Method struct {
	pool *Pool
	name string
}

// Method names a method: p.Method("account.balance"), or, as toto's dots do,
// p.Method("account").Method("balance").
func (p *Pool) Method(name string) Method { return Method{p, name} }

// Method names a method below this one.
func (m Method) Method(name string) Method { return Method{m.pool, m.name + "." + name} }

// Name is the dotted name.
func (m Method) Name() string { return m.name }

// Invoke calls the method, as [Pool.Invoke] does.
func (m Method) Invoke(ctx context.Context, params any, options ...CallOption) (Result, error) {
	return m.pool.Invoke(ctx, m.name, params, options...)
}

// Go begins a call of the method, as [Pool.Go] does.
func (m Method) Go(ctx context.Context, params any, options ...CallOption) *Future {
	return m.pool.Go(ctx, m.name, params, options...)
}

// Call calls a method and decodes its result.
func Call[Out any](ctx context.Context, p *Pool, method string, params any, options ...CallOption) (Out, error) {
	var out Out
	result, err := p.Invoke(ctx, method, params, options...)
	if err == nil {
		err = result.Decode(&out)
	}
	return out, err
}
