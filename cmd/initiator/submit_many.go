package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"initiator/initiator/client"
	"initiator/internal/queue"
)

// submitter is a `task submit` with a task in each line of standard input.
type submitter struct {
	*app
	client   *client.Client
	template task.Request
	meter    *meter
	say      *screen // stderr
	print    *screen // stdout
	tally    tally
}

// submitMany queues a task for each line, as many at once as are there, and
// prints their ids in the order of the lines. Those that are queued stay so,
// whatever happens to the others.
func (a *app) submitMany(ctx context.Context, c *client.Client, q task.Request, f *feed) error {
	m := &meter{screen: a.err}
	s := &submitter{
		app: a, client: c, template: q, meter: m, say: m.over(a.err), print: m.over(a.out),
		tally: tally{did: "queued", began: time.Now()},
	}
	err := s.all(ctx, f)
	m.show("")
	_ = s.say.lines(s.tally.summary(time.Now()))
	switch {
	case err != nil:
		return err
	case s.print.failed() != nil:
		return s.print.failed()
	case s.tally.failed > 0:
		return silent(exitFailed)
	}
	return nil
}

func (s *submitter) all(ctx context.Context, f *feed) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := f.items(ctx)
	for {
		some, more := chunk(ctx, lines)
		if err := s.some(ctx, some); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !more || s.print.err != nil {
			return nil
		}
		s.meter.show(s.tally.line(time.Now()))
	}
}

// chunkBytes is how much is sent in one request at most, one line more or less.
const chunkBytes = 1 << 20

// chunk waits for a line, and takes those that are there besides.
func chunk(ctx context.Context, lines <-chan item) (some []item, more bool) {
	select {
	case it, ok := <-lines:
		if !ok {
			return nil, false
		}
		some = append(some, it)
	case <-ctx.Done():
		return nil, false
	}
	for size := len(some[0].data); len(some) < ahead && size < chunkBytes; {
		select {
		case it, ok := <-lines:
			if !ok {
				return some, false
			}
			some = append(some, it)
			size += len(it.data)
		default:
			return some, true
		}
	}
	return some, true
}

// some submits some lines in one request. The error is one that all of them
// would have.
func (s *submitter) some(ctx context.Context, some []item) error {
	var requests []task.Request
	for _, it := range some {
		if it.err == nil {
			q := s.template
			q.Data = it.data
			requests = append(requests, q)
		}
	}
	got, broken := s.client.SubmitMany(ctx, requests) // of none, none
	for _, it := range some {
		v := client.Verdict{Err: it.err}
		switch {
		case it.err != nil:
		case len(got) == 0: // whether it was taken, nobody knows
			return on(fmt.Sprintf("line %d", it.line), broken)
		default:
			v, got = got[0], got[1:]
		}
		if errors.Is(v.Err, &client.Error{Status: http.StatusNotFound}) {
			return refused(s.template.Pool, v.Err)
		}
		s.tell(it, v)
	}
	return broken
}

func (s *submitter) tell(it item, v client.Verdict) {
	if v.Err != nil {
		s.tally.failed++
		s.tells("line %d: %s", it.line, oneLine(v.Err.Error()))
		return
	}
	s.tally.done++
	if s.format.json {
		_ = s.print.json(v.Task) // the screen keeps its error
		return
	}
	_ = s.print.lines(v.Task.ID.String())
}

func (s *submitter) tells(format string, args ...any) {
	_ = s.say.lines(fmt.Sprintf(format, args...)) // nobody is left to tell
}
