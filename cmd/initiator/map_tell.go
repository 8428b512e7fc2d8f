package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"initiator/initiator/client"
)

// ended takes what became of one, and prints what can be printed now.
func (m *mapper) ended(ctx context.Context, r result, cancel context.CancelCauseFunc) {
	m.tally.running--
	switch code, _ := r.verdict(); {
	case code == exitOK:
		m.tally.done++
	case ctx.Err() != nil && r.err != nil: // it did not fail: it was given up
		r.err = context.Cause(ctx)
	default:
		m.tally.failed++
		if m.halt {
			defer cancel(errHalt)
		}
	}
	if errors.Is(r.err, &client.Error{Status: http.StatusNotFound}) {
		cancel(refused(m.template.Pool, r.err)) // there is no such pool: that is true of all of them
	}
	if m.last = r; !m.ordered {
		m.tell(ctx, r)
	} else {
		m.held[r.nth] = r
		for next, ok := m.held[m.next]; ok; next, ok = m.held[m.next] {
			delete(m.held, m.next)
			m.next++
			m.tell(ctx, next)
		}
	}
	if m.broken() {
		cancel(m.print.err)
	}
}

// verdict is the exit code that a line would have alone, and why.
func (r *result) verdict() (code int, why string) {
	if r.err != nil {
		return exitFailed, oneLine(r.err.Error())
	}
	code, why = verdict(r.task)
	return code, string(r.task.State) + " " + why
}

// tell prints a result on stdout. What has none is a line on stderr, and with
// -o json its record stands on stdout as well.
func (m *mapper) tell(ctx context.Context, r result) {
	code, why := r.verdict()
	if m.format.json && r.err == nil {
		_ = m.print.json(r.task) // the screen keeps its error
	} else if code == exitOK {
		_ = m.result(r.task, m.print)
	}
	if r.left {
		m.tells("line %d: the task may go on: initiator task get %s", r.line, r.task.ID)
	}
	if code != exitOK && (ctx.Err() == nil || r.err == nil) {
		m.tells("line %d: %s", r.line, why)
	}
}

func (m *mapper) tells(format string, args ...any) {
	_ = m.say2.lines(fmt.Sprintf(format, args...)) // nobody is left to tell
}

// end prints those that still wait for their turn, the summary, and returns
// what the exit code is made of.
func (m *mapper) end(ctx context.Context) error {
	for ; m.next < m.started && len(m.held) > 0; m.next++ {
		if r, ok := m.held[m.next]; ok {
			delete(m.held, m.next)
			m.tell(ctx, r)
		}
	}
	m.meter.show("")
	if !m.quiet && m.started != 1 {
		m.tells("%s", m.tally.summary(time.Now()))
	}
	if err := m.print.failed(); err != nil {
		return err
	}
	switch why := context.Cause(ctx); {
	case errors.Is(why, errHalt):
		return silent(exitFailed)
	case why != nil:
		return why
	case m.tally.failed == 0:
		return nil
	case m.started == 1: // as if it had been an argument
		return m.alike()
	}
	return silent(exitFailed)
}

// alike ends with the code that a run of one task has.
func (m *mapper) alike() error {
	if m.last.err != nil {
		return silent(m.classify(nil, m.last.err).code)
	}
	code, _ := m.last.verdict()
	return silent(code)
}
