package client

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"initiator/initiator/report"
)

// ExportTasks writes every task to w as a line of JSON, and returns the number of
// lines that it has written. With an error, lines are missing at the end.
func (c *Client) ExportTasks(ctx context.Context, w io.Writer) (lines int, err error) {
	res, err := c.openResponse(ctx, http.MethodGet, "/tasks/export", nil, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	part := make([]byte, 64<<10)
	for {
		n, err := res.Body.Read(part)
		lines += bytes.Count(part[:n], []byte("\n"))
		if _, err := w.Write(part[:n]); err != nil {
			return lines, err
		}
		switch {
		case err == io.EOF:
			return lines, nil
		case err != nil:
			return lines, explainFailure(ctx, http.MethodGet, "/tasks/export", err)
		}
	}
}

// ImportTasks adds tasks from lines as ExportTasks writes them. No line is blank
// or contains a line break. The results are in the order of the lines; their Task
// has only ID and Known. Known says that the initiator had the task already. Lines can
// safely be sent again. Errors are as for SubmitMany.
func (c *Client) ImportTasks(ctx context.Context, lines [][]byte) ([]BatchLineResult, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	whole := make([][]byte, len(lines))
	for i, line := range lines {
		whole[i] = append(line[:len(line):len(line)], '\n')
	}
	return c.persistLines(ctx, "/tasks/import", whole)
}

// Backup writes an archive of the initiator's state directory to w: a tar file,
// which ends with a manifest. After an error w has no complete archive.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	res, err := c.openResponse(ctx, http.MethodGet, "/backup", nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out := &failingWriter{to: w}
	if _, err := io.Copy(out, res.Body); err != nil {
		if out.err != nil {
			return out.err
		}
		return explainFailure(ctx, http.MethodGet, "/backup", err)
	}
	return nil
}

// failingWriter notes the error of a writer, to tell it from an error of the reader.
type failingWriter struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (f *failingWriter) Write(p []byte) (n int, err error) {
	n, f.err = f.to.Write(p)
	return n, f.err
}

// CheckTasks returns the damage of the initiator's task files.
func (c *Client) CheckTasks(ctx context.Context) (report.TaskCheck, error) {
	var got report.TaskCheck
	return got, c.requestJSON(ctx, http.MethodGet, "/tasks/check", nil, nil, &got)
}

// AcceptDamage ends the problems of damaged task files and of a restored backup, and
// returns these problems.
func (c *Client) AcceptDamage(ctx context.Context) (report.TaskCheck, error) {
	var got report.TaskCheck
	return got, c.requestJSON(ctx, http.MethodPost, "/tasks/check/accept", nil, struct{}{}, &got)
}
