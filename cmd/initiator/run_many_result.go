package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
)

// takeResult takes what became of one, and prints what can be printed now.
func (m *manyRunner) takeResult(ctx context.Context, r lineResult, cancel context.CancelCauseFunc) {
	m.tally.running--
	switch code, _ := r.exitCode(); {
	case code == cli.ExitOK:
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
		cancel(submitFault(m.template.Pool, r.err)) // there is no such pool: that is true of all of them
	}
	if m.last = r; !m.ordered {
		m.printLine(ctx, r)
	} else {
		m.pendingResults[r.nth] = r
		for next, ok := m.pendingResults[m.next]; ok; next, ok = m.pendingResults[m.next] {
			delete(m.pendingResults, m.next)
			m.next++
			m.printLine(ctx, next)
		}
	}
	if m.outputBroken() {
		cancel(m.print.WriteError())
	}
}

// exitCode is the exit code that a line would have alone, and why.
func (r *lineResult) exitCode() (code int, why string) {
	if r.err != nil {
		return cli.ExitFailed, terminal.OneLine(r.err.Error())
	}
	code, why = outcomeCode(r.task)
	return code, string(r.task.State) + " " + why
}

// printLine prints a result on stdout. What has none is a line on stderr, and with
// -o json its record stands on stdout as well.
func (m *manyRunner) printLine(ctx context.Context, r lineResult) {
	code, why := r.exitCode()
	if m.Format.JSON && r.err == nil {
		_ = m.print.WriteJSON(r.task) // the screen keeps its error
	} else if code == cli.ExitOK {
		_ = m.printResult(r.task, m.print)
	}
	if r.left {
		m.saySafely("line %d: the task may go on: initiator task get %s", r.line, r.task.ID)
	}
	if code != cli.ExitOK && (ctx.Err() == nil || r.err == nil) {
		m.saySafely("line %d: %s", r.line, why)
	}
}

func (m *manyRunner) saySafely(format string, args ...any) {
	_ = m.notes.WriteLines(fmt.Sprintf(format, args...)) // nobody is left to tell
}

// finishRun prints those that still wait for their turn, the summary, and returns
// what the exit code is made of.
func (m *manyRunner) finishRun(ctx context.Context) error {
	for ; m.next < m.started && len(m.pendingResults) > 0; m.next++ {
		if r, ok := m.pendingResults[m.next]; ok {
			delete(m.pendingResults, m.next)
			m.printLine(ctx, r)
		}
	}
	m.meter.ShowLine("")
	if !m.quiet && m.started != 1 {
		m.saySafely("%s", m.tally.summaryLine(time.Now()))
	}
	if err := m.print.Err(); err != nil {
		return err
	}
	switch why := context.Cause(ctx); {
	case errors.Is(why, errHalt):
		return cli.ExitWith(cli.ExitFailed)
	case why != nil:
		return why
	case m.tally.failed == 0:
		return nil
	case m.started == 1: // as if it had been an argument
		return m.singleTaskCode()
	}
	return cli.ExitWith(cli.ExitFailed)
}

// singleTaskCode ends with the code that a run of one task has.
func (m *manyRunner) singleTaskCode() error {
	if m.last.err != nil {
		return cli.ExitWith(m.Classify(nil, m.last.err).Code)
	}
	code, _ := m.last.exitCode()
	return cli.ExitWith(code)
}

// outputBroken says whether nobody reads the results any more.
func (m *manyRunner) outputBroken() bool { return errors.Is(m.print.WriteError(), syscall.EPIPE) }
