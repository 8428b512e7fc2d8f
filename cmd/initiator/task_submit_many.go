package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// batchSubmitter is a `task submit` with a task in each line of standard input.
type batchSubmitter struct {
	*app
	client   *client.Client
	template task.Request
	meter    *terminal.Meter
	say      *terminal.Screen // stderr
	print    *terminal.Screen // stdout
	tally    taskCount
}

// submitAll submits all lines in batches.
func (s *batchSubmitter) submitAll(ctx context.Context, f *taskInput) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := f.sendItems(ctx)
	for {
		some, more := nextBatch(ctx, lines)
		if err := s.submitBatch(ctx, some); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !more || s.print.WriteError() != nil {
			return nil
		}
		s.meter.ShowLine(s.tally.progressLine(time.Now()))
	}
}

// submitBatch submits lines in one request. The error is common to all lines.
func (s *batchSubmitter) submitBatch(ctx context.Context, some []inputLine) error {
	var requests []task.Request
	ids := make([]uuid.UUID, len(some))
	for i, it := range some {
		if it.err == nil {
			q := s.template
			q.ID, q.Data = uuid.Must(uuid.NewV7()), it.data
			ids[i], requests = q.ID, append(requests, q)
		}
	}
	got, broken := s.client.SubmitMany(ctx, requests) // no requests, no results
	for i, it := range some {
		v := client.BatchLineResult{Err: it.err}
		switch {
		case it.err != nil:
		case len(got) == 0:
			return s.reportUnknown(some[i:], ids[i:], broken)
		default:
			v, got = got[0], got[1:]
		}
		if errors.Is(v.Err, &client.Error{Status: http.StatusNotFound}) {
			return submitFault(s.template.Pool, v.Err)
		}
		s.printSubmitted(it, v)
	}
	return broken
}

// reportUnknown names the lines that may have been queued without an answer, because
// of why. It returns the error of the verb.
func (s *batchSubmitter) reportUnknown(lines []inputLine, ids []uuid.UUID, why error) error {
	var away *client.OutageError
	if !errors.As(why, &away) {
		return cli.PrefixError(fmt.Sprintf("line %d", lines[0].line), why)
	}
	last := lines[0].line - 1
	for i, it := range lines {
		if away.Sent && it.err == nil {
			s.printNote("line %d: it is unknown whether the task is queued: initiator task get %s", it.line, ids[i])
			last = it.line
		}
	}
	return outageFault(away, s.template.Pool, last, "task submit")
}

// printSubmitted prints the id of a task, or why its line was refused.
func (s *batchSubmitter) printSubmitted(it inputLine, v client.BatchLineResult) {
	if v.Err != nil {
		s.tally.failed++
		s.printNote("line %d: %s", it.line, terminal.OneLine(v.Err.Error()))
		return
	}
	s.tally.done++
	if s.Format.JSON {
		_ = s.print.WriteJSON(v.Task) // submitMany returns the error of the screen
		return
	}
	_ = s.print.WriteLines(v.Task.ID.String())
}

// printNote prints a line on stderr.
func (s *batchSubmitter) printNote(format string, args ...any) {
	_ = s.say.WriteLines(fmt.Sprintf(format, args...)) // without stderr there is no place to report it
}

// submitMany queues a task for each line, in batches, and prints the ids in the
// order of the lines. An error in a line does not undo other lines.
func (a *app) submitMany(ctx context.Context, c *client.Client, q task.Request, f *taskInput) error {
	m := terminal.NewMeter(a.Err)
	s := &batchSubmitter{
		app: a, client: c, template: q, meter: m, say: m.ScreenAbove(a.Err), print: m.ScreenAbove(a.Out),
		tally: taskCount{did: "queued", began: time.Now()},
	}
	err := s.submitAll(ctx, f)
	m.ShowLine("")
	_ = s.say.WriteLines(s.tally.summaryLine(time.Now()))
	switch {
	case err != nil:
		return err
	case s.print.Err() != nil:
		return s.print.Err()
	case s.tally.failed > 0:
		return cli.ExitWith(cli.ExitFailed)
	}
	return nil
}

// maxBatchBytes limits the size of one request, plus one line.
const maxBatchBytes = 1 << 20

// nextBatch waits for a line, and takes the lines that are ready behind it.
func nextBatch(ctx context.Context, lines <-chan inputLine) (some []inputLine, more bool) {
	select {
	case it, ok := <-lines:
		if !ok {
			return nil, false
		}
		some = append(some, it)
	case <-ctx.Done():
		return nil, false
	}
	for size := len(some[0].data); len(some) < maxBatchLines && size < maxBatchBytes; {
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
