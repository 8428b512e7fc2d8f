package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// ExportTasks writes every task as a line of JSON, and returns how many lines
// it has written. With an error they are not all.
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

// ImportTasks sends lines as ExportTasks writes them, none of them blank or
// with an end of line in it. Every one has its own verdict, in their order, of
// whose Task only ID and Known are set; the error is as that of SubmitMany. To
// send some again is always safe.
func (c *Client) ImportTasks(ctx context.Context, lines [][]byte) ([]BatchLineResult, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	return c.postLines(ctx, "/tasks/import", bytes.NewReader(bytes.Join(lines, []byte("\n"))), len(lines))
}
