package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"initiator/initiator/api/client"
	"initiator/initiator/supervise"
)

func (a *app) logsCommand() *cobra.Command {
	var q client.LogQuery
	var tail int
	cmd := &cobra.Command{
		Use: "logs NAME…", Short: "Show what workers wrote",
		Long: "Show what workers wrote, by definition or guid. Where there are several, each\nline begins with its worker.",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: a.completeWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if q.Stream != "stdout" && q.Stream != "stderr" {
				return usage(fmt.Errorf("--stream %s: there is stdout and stderr", q.Stream))
			}
			if tail < 0 {
				return usage(fmt.Errorf("--tail %d: a number of lines, or 0 for all", tail))
			}
			q.Tail = tail
			return a.talk(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := c.Workers(ctx)
				if err != nil {
					return err
				}
				chosen, err := choose(all, args)
				var unknown *fault
				if errors.As(err, &unknown) {
					return &fault{exitUnknown, unknown.err, unknown.next}
				}
				return a.showLogs(ctx, c, chosen, q)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&q.Follow, "follow", "f", false, "go on with what they write from now on")
	f.IntVar(&tail, "tail", 0, "only the last `N` lines; 0 = all")
	f.StringVar(&q.Stream, "stream", "stdout", "`stdout` or stderr")
	return cmd
}

// showLogs reads the logs of all workers: one after the other, or, when they
// are followed, all at once.
func (a *app) showLogs(ctx context.Context, c *client.Client, workers []supervise.Worker, q client.LogQuery) error {
	out := &lineWriter{app: a, prefixed: len(workers) > 1}
	if !q.Follow {
		for _, w := range workers {
			if err := out.copy(ctx, c, w, q); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			if err := out.copy(ctx, c, w, q); err != nil {
				cancel(err) // the first one ends them all
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// lineWriter prints lines of several workers, each line whole.
type lineWriter struct {
	*app
	prefixed bool
	mu       sync.Mutex
}

// logLine is a line in JSON.
type logLine struct {
	Name   string `json:"name"`
	GUID   string `json:"guid"`
	Stream string `json:"stream"`
	Line   string `json:"line"`
}

func (l *lineWriter) copy(ctx context.Context, c *client.Client, w supervise.Worker, q client.LogQuery) error {
	from, err := c.Logs(ctx, w.GUID, q)
	if err != nil {
		return err
	}
	defer from.Close()
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			if err := l.print(w, q.Stream, strings.TrimSuffix(line, "\n")); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("read the log of %s: %w", short(w.GUID), err)
		}
	}
}

// print writes a line as it is: colours of a worker are its own.
func (l *lineWriter) print(w supervise.Worker, stream, line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.format.json {
		return l.out.json(logLine{w.Name, w.GUID, stream, line})
	}
	if l.prefixed {
		line = l.out.paint(faint, w.Name+" "+short(w.GUID)+" | ") + line
	}
	_, err := fmt.Fprintln(l.out, line)
	return err
}

// lastLines is how much of a log explains a failure.
const lastLines = 10

// lastWords is the end of what a worker wrote to stderr, indented.
func (w *watcher) lastWords(ctx context.Context, of supervise.Worker) string {
	from, err := w.client.Logs(ctx, of.GUID, client.LogQuery{Stream: "stderr", Tail: lastLines})
	if err != nil {
		return ""
	}
	defer from.Close()
	data, _ := io.ReadAll(io.LimitReader(from, 16<<10)) // what there is, is better than nothing
	text := strings.TrimSpace(string(data))
	if text == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}
