package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/bounds"
	"initiator/internal/ndjson"
)

// lineLimit is the longest line of input in bytes. The API accepts no longer
// line.
const lineLimit = bounds.InputLine

// inputLine is one line of standard input.
type inputLine struct {
	line int // its number, from 1
	data json.RawMessage
	err  error // instead of data: the line is not valid
	last bool  // err ends the input
}

// taskInput is standard input with a task in each line.
type taskInput struct {
	lines *ndjson.Reader
	empty bool // no line has data
}

// sendItems sends the lines until they or ctx end. Its goroutine may stay in a
// read of standard input, which cannot be interrupted: it ends with the
// process.
func (f *taskInput) sendItems(ctx context.Context) <-chan inputLine {
	out := make(chan inputLine, maxBatchLines)
	go func() {
		defer close(out)
		for {
			it := f.nextItem()
			if errors.Is(it.err, io.EOF) {
				return
			}
			select {
			case out <- it:
			case <-ctx.Done():
				return
			}
			if it.last {
				return
			}
		}
	}()
	return out
}

// nextItem reads one line.
func (f *taskInput) nextItem() inputLine {
	data, err := f.lines.NextLine()
	it := inputLine{line: f.lines.LineNumber(), data: data, err: err}
	switch {
	case errors.Is(err, ndjson.ErrTooLong):
	case err != nil:
		it.last = true
	default:
		it.err = validJSON("the line", data)
	}
	return it
}

// readTaskInput reads the first line of standard input that is not empty. If
// the line is JSON by itself, each line is a task and many is set; input without
// such a line has no task. Otherwise the input is one document over several
// lines, and rest is the whole input.
func readTaskInput(stdin io.Reader) (many *taskInput, rest io.Reader, err error) {
	in := bufio.NewReader(stdin)
	var first []byte
	for len(bytes.TrimSpace(first)) == 0 && err == nil {
		var line []byte
		line, err = in.ReadBytes('\n')
		first = append(first, line...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, cli.UsageFault(fmt.Errorf("read the tasks' data: %w", err))
	}
	all := io.MultiReader(bytes.NewReader(first), in)
	empty := len(bytes.TrimSpace(first)) == 0
	if empty || json.Valid(first) {
		return &taskInput{ndjson.NewReader(all, lineLimit), empty}, nil, nil
	}
	return nil, all, nil
}

// maxBatchLines limits the lines of one request.
const maxBatchLines = 256

// refuseSingleTaskFlags refuses flags that identify a single task.
func refuseSingleTaskFlags(f *pflag.FlagSet) error {
	for _, name := range []string{"key", "unique"} {
		if f.Changed(name) {
			return cli.UsageFault(fmt.Errorf("--%s is for one task, and standard input has one in each line", name))
		}
	}
	return nil
}
