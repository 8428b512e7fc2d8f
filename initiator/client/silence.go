package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"initiator/internal/procfs"
)

// NotifySilence sets a function that is called when an initiator accepts
// connections but has answered nothing for limit: neither the request nor another
// request that any initiator answers at once. It is called once, and once more when
// the initiator answers again. When it returns true, the request fails with the
// *SilentError; otherwise the request goes on. Calls come one after the other, from
// a goroutine of the client. The function must not use the client.
func NotifySilence(limit time.Duration, f func(Silence) (giveUp bool)) Option {
	return func(c *Client) { c.silence.limit, c.silence.notify = limit, f }
}

// Silence is what the function of NotifySilence is told.
type Silence struct {
	Over bool         // the initiator answers again
	Err  *SilentError // nil when Over
}

// SilentError says that an initiator accepts connections and answers nothing.
type SilentError struct {
	After   time.Duration // without an answer
	Process int           // the initiator's process id; 0 = unknown
	Stopped bool          // the process is stopped by a signal (Linux only)
}

// Error says why, where that is known, and what to do.
func (e *SilentError) Error() string {
	switch {
	case e.Stopped:
		return fmt.Sprintf("the initiator (process %d) does not answer: it is stopped, by Ctrl-Z or SIGSTOP; `kill -CONT %d` lets it go on", e.Process, e.Process)
	case e.Process > 1: // process 1 has opened the socket for the initiator
		return fmt.Sprintf("the initiator (process %d) has accepted the connection, and has not answered for %v: it hangs, or the machine is overloaded; its log may say why", e.Process, e.After)
	}
	return fmt.Sprintf("the initiator has accepted the connection, and has not answered for %v: it is stopped, it hangs, or the machine is overloaded", e.After)
}

// silence notices that the initiator does not answer. Without a function to call
// it does nothing.
type silence struct {
	limit  time.Duration
	notify func(Silence) bool
	peer   atomic.Int64 // the process at the other end of the newest connection; 0 = unknown

	mu   sync.Mutex
	told bool // notify was called, and the initiator has not answered since
}

// longestProbePause is the longest time between two probes of one request.
const longestProbePause = 30 * time.Second

// doWatched sends a request. While there is no answer, it checks again and again
// whether the initiator answers anything.
func (c *Client) doWatched(req *http.Request) (*http.Response, error) {
	ctx, release := c.bindClose(req.Context())
	res, err := c.doAnswered(req.WithContext(ctx), release)
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, ErrClosed) || errors.As(cause, new(*SilentError)) {
			err = cause
		}
		release(nil)
		return nil, err
	}
	c.noteConfig(res)
	res.Body = &answerBody{res.Body, ctx, release}
	return res, nil
}

// doAnswered sends a request, and notices with the function of NotifySilence that
// there is no answer. cancel ends the request.
func (c *Client) doAnswered(req *http.Request, cancel context.CancelCauseFunc) (*http.Response, error) {
	if c.silence.notify == nil {
		return c.http.Do(req)
	}
	answered := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { c.watchAnswer(req.Context(), answered, cancel) })
	res, err := c.http.Do(req)
	close(answered)
	watcher.Wait()
	if err == nil {
		c.silence.report(nil)
	}
	return res, err
}

// answerBody is the body of an answer. It ends with the client, and releases the
// context of the request.
type answerBody struct {
	io.ReadCloser
	ctx     context.Context
	release context.CancelCauseFunc
}

// Read implements io.Reader.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), ErrClosed) {
		err = ErrClosed
	}
	return n, err
}

// Close implements io.Closer.
func (b *answerBody) Close() error {
	defer b.release(nil)
	return b.ReadCloser.Close()
}

// watchAnswer probes until the request is answered or ends.
func (c *Client) watchAnswer(ctx context.Context, answered <-chan struct{}, cancel context.CancelCauseFunc) {
	pause := c.silence.limit / 2
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-answered:
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		silent := c.probeSilence(ctx, answered)
		if c.silence.report(silent) {
			cancel(silent)
			return
		}
		pause = min(2*pause, longestProbePause)
		timer.Reset(pause)
	}
}

// probeSilence asks for something that every initiator answers at once, and waits
// for half of the limit. It returns nil when the initiator answers, and when there
// is no need to know any more.
func (c *Client) probeSilence(ctx context.Context, answered <-chan struct{}) *SilentError {
	probe, stop := context.WithTimeout(ctx, c.silence.limit-c.silence.limit/2)
	defer stop()
	ended := make(chan struct{})
	defer close(ended)
	go func() { // ends with this function
		select {
		case <-answered:
			stop()
		case <-ended:
		}
	}()
	target := c.base
	target.Path = "/api/v1/workers"
	req, err := http.NewRequestWithContext(probe, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil
	}
	c.authorize(req.Header)
	res, err := c.http.Do(req)
	if err == nil {
		_ = res.Body.Close() // the answer itself is all that counts
		return nil
	}
	select {
	case <-answered:
		return nil
	default:
	}
	if ctx.Err() != nil || probe.Err() == nil { // the caller gave up, or the connection failed
		return nil
	}
	silent := &SilentError{After: c.silence.limit, Process: int(c.silence.peer.Load())}
	if p, ok := procfs.ReadStat(silent.Process); ok {
		silent.Stopped = p.Stopped
	}
	return silent
}

// report calls notify when the silence has begun or ended. silent is nil when the
// initiator answers.
func (s *silence) report(silent *SilentError) (giveUp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == (silent != nil) {
		return false
	}
	s.told = silent != nil
	return s.notify(Silence{Over: silent == nil, Err: silent})
}
