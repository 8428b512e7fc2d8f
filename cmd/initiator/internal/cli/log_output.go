package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"initiator/initiator/client"
	"initiator/initiator/report"
)

// ShowLogs prints the output of workers with the colours that they wrote: unchanged
// to a file or a pipe, and without other control characters on a terminal.
func (a *App) ShowLogs(ctx context.Context, c *client.Client, q report.LogQuery, guids []string) error {
	if a.Format.JSON {
		for line, err := range c.Logs(ctx, q, guids...) {
			if err == nil {
				err = a.Out.WriteJSON(line)
			}
			if err != nil {
				return faultOfLogs(err)
			}
		}
		return nil
	}
	from, err := c.LogText(ctx, q, guids...)
	if err != nil {
		return err
	}
	return a.CopyLog(ctx, from)
}

// CopyLog prints a log until it ends, ctx ends, or the output is closed. It
// closes from.
func (a *App) CopyLog(ctx context.Context, from io.ReadCloser) error {
	defer from.Close()
	out := a.Out.OutputWriter()
	_, err := io.Copy(out, from)
	_ = out.Flush() // the screen keeps its error
	switch {
	case a.Out.Err() != nil:
		return a.Out.Err()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return faultOfLogs(fmt.Errorf("read the logs: %w", err))
	}
	return nil
}

// faultOfLogs gives the error of logs that could not all be read its exit code. Other
// errors are unchanged.
func faultOfLogs(err error) error {
	var unreadable *report.UnreadableLogsError
	if errors.As(err, &unreadable) {
		return &Fault{Code: ExitFailed, Err: unreadable}
	}
	return err
}
