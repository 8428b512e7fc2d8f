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

// takeResult counts the result of a line, and prints the results that are due.
func (m *manyRunner) takeResult(ctx context.Context, r lineResult, cancel context.CancelCauseFunc) {
	m.tally.running--
	delete(m.lineOf, r.task.ID)
	if away := (*client.OutageError)(nil); errors.As(r.err, &away) {
		cancel(outageFault(away, m.template.Pool, m.lastLine, "run")) // every other line would fail as well
	}
	switch code, _ := r.exitCode(); {
	case code == cli.ExitOK:
		m.tally.done++
	case ctx.Err() != nil && r.err != nil: // the run was ended, the task has not failed
		r.err = context.Cause(ctx)
	default:
		m.tally.failed++
		if m.halt {
			defer cancel(errHalt)
		}
	}
	if errors.Is(r.err, &client.Error{Status: http.StatusNotFound}) {
		cancel(submitFault(m.template.Pool, r.err)) // no such pool: every other line would fail as well
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

// exitCode returns the exit code that the line would have alone, and the
// reason.
func (r *lineResult) exitCode() (code int, why string) {
	if r.err != nil {
		return cli.ExitFailed, terminal.OneLine(r.err.Error())
	}
	code, why = outcomeCode(r.task)
	return code, string(r.task.State) + " " + why
}

// printLine prints a result on stdout. A failure is a line on stderr; with -o
// json its record goes to stdout as well.
func (m *manyRunner) printLine(ctx context.Context, r lineResult) {
	code, why := r.exitCode()
	if m.Format.JSON && r.err == nil {
		_ = m.print.WriteJSON(r.task) // finishRun returns the error of the screen
	} else if code == cli.ExitOK {
		_ = m.printResult(r.task, m.print)
	}
	if r.unsent {
		m.printLineNote("line %d: the task was not submitted", r.line)
	}
	if r.left {
		m.printLineNote("line %d: the task may still run: initiator task get %s", r.line, r.task.ID)
	}
	if code != cli.ExitOK && (ctx.Err() == nil || r.err == nil) {
		m.printLineNote("line %d: %s", r.line, why)
	}
}

// printLineNote prints a line on stderr.
func (m *manyRunner) printLineNote(format string, args ...any) {
	_ = m.notes.WriteLines(fmt.Sprintf(format, args...)) // without stderr there is no place to report it
}

// finishRun prints the results that were held back and the summary, and returns
// the error with the exit code.
func (m *manyRunner) finishRun(ctx context.Context) error {
	for ; m.next < m.started && len(m.pendingResults) > 0; m.next++ {
		if r, ok := m.pendingResults[m.next]; ok {
			delete(m.pendingResults, m.next)
			m.printLine(ctx, r)
		}
	}
	m.meter.ShowLine("")
	if !m.quiet && m.started != 1 {
		m.printLineNote("%s", m.tally.summaryLine(time.Now()))
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
	case m.started == 1: // the exit code is that of a task in DATA
		return m.singleTaskCode()
	}
	return cli.ExitWith(cli.ExitFailed)
}

// singleTaskCode ends with the exit code of a run of one task.
func (m *manyRunner) singleTaskCode() error {
	if m.last.err != nil {
		return cli.ExitWith(m.Classify(nil, m.last.err).Code)
	}
	code, _ := m.last.exitCode()
	return cli.ExitWith(code)
}

// outputBroken reports whether the reader of the results has closed the pipe.
func (m *manyRunner) outputBroken() bool { return errors.Is(m.print.WriteError(), syscall.EPIPE) }
