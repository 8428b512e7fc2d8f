package cli

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/api"
)

// ShowLogsOnDisk prints the output of workers, as ShowLogs does, from their log
// files when no initiator runs. Unanswered is the error of the request to the
// initiator; it is returned when an initiator can run, or when nothing is known of
// the last one.
func (a *App) ShowLogsOnDisk(ctx context.Context, q report.LogQuery, names []string, unanswered error) error {
	seen, err := a.ReadLastKnown(unanswered)
	if err != nil {
		return err
	}
	guids, err := guidsOf(LastKnownWorkers(seen), names)
	if err != nil {
		return err
	}
	reader, err := a.LogsOnDisk(seen)
	if err != nil {
		return err
	}
	path, err := a.configPath()
	if err != nil {
		return err
	}
	source := "the log files that " + path + " names"
	if q.Follow {
		source += ", which are followed"
	}
	if err := a.AnnounceLastKnown(seen, source, unanswered); err != nil {
		return err
	}
	emit, end := a.printerOfLogs(q)
	err = reader.ReadLogs(ctx, strings.Join(guids, ","), q, emit)
	if broken := errors.Join(end(), a.Out.Err()); broken != nil {
		return broken
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, fs.ErrNotExist):
		return NewFault(ExitNotFound, err, "")
	}
	return faultOfLogs(err)
}

// printerOfLogs returns functions that print lines as `logs` does, and that end
// the output.
func (a *App) printerOfLogs(q report.LogQuery) (emit func([]api.LogText) error, end func() error) {
	if a.Format.JSON {
		return func(lines []api.LogText) error {
			for _, line := range lines {
				if err := a.Out.WriteJSON(line.Copy()); err != nil {
					return err
				}
			}
			return nil
		}, func() error { return nil }
	}
	out := a.Out.OutputWriter()
	printer := api.LogPrinter{To: out, HideProblems: !q.Follow}
	return printer.Print, func() error { return errors.Join(printer.End(), out.Flush()) }
}
