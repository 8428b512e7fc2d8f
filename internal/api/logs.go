package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"initiator/initiator/report"
	"initiator/internal/apiheader"
	"initiator/internal/jsonappend"
	"initiator/internal/linemark"
	"initiator/internal/webhook"
)

// readLogs answers GET /workers/{name}/logs with the lines as they are in the log,
// behind "name:index | " when there are several workers, or, with format=json,
// each as a LogLine. Name may be several names with commas between. The query:
// stream=stdout|stderr|both, tail=N, since=10m or a time, follow=1, previous=1,
// current=1. A log that cannot be read is a line "initiator: …", or an object with
// error, and in the trailer Initiator-Log-Error; a text for a client that says TE:
// trailers has it only there, unless the client follows the logs.
func (h *handlers) readLogs(w http.ResponseWriter, r *http.Request) {
	h.writeLog(w, r, func(ctx context.Context, q report.LogQuery, emit func([]LogText) error) error {
		return h.Logs.ReadLogs(ctx, mux.Vars(r)["name"], q, emit)
	})
}

// readOwnLog answers GET /log with the initiator's own log, in the same way.
func (h *handlers) readOwnLog(w http.ResponseWriter, r *http.Request) {
	h.writeLog(w, r, h.Logs.ReadOwnLog)
}

func (h *handlers) writeLog(w http.ResponseWriter, r *http.Request, read func(context.Context, report.LogQuery, func([]LogText) error) error) {
	q, err := parseLogQuery(r, time.Now())
	asJSON := r.URL.Query().Get("format") == "json"
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.life, cancel)() // otherwise the server's Close would wait for it
	out := logAnswer{w: w, control: http.NewResponseController(w)}
	out.format = out.text.appendText
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if asJSON {
		out.format = appendJSON
		w.Header().Set("Content-Type", ndjsonType)
	}
	out.hidesProblems = !asJSON && !q.Follow && strings.EqualFold(r.Header.Get("TE"), "trailers")
	w.Header().Set("Trailer", apiheader.LogError)
	err = read(ctx, q, out.writeLines)
	if err != nil && !out.begun {
		w.Header().Del("Trailer")
		h.writeError(w, r, err)
	} else if err != nil && ctx.Err() == nil {
		w.Header().Set(apiheader.LogError, strings.Join(strings.Fields(err.Error()), " "))
	}
	if out.text.begun != nil {
		_, _ = w.Write([]byte("\n")) // the last line has no end
	}
}

// logAnswer sends every batch of lines at once.
type logAnswer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	format  func([]byte, LogText) []byte
	text    textLines
	begun   bool
	// hidesProblems leaves to the trailer which logs cannot be read.
	hidesProblems bool
	page          []byte // its memory is used for each batch, so that a long log leaves no garbage
}

func (l *logAnswer) writeLines(lines []LogText) error {
	if !l.begun {
		l.begun = true
		_ = l.control.SetReadDeadline(time.Time{}) // the answer may take longer than a request
	}
	l.page = l.page[:0]
	for _, line := range lines {
		if line.Problem != nil && l.hidesProblems {
			continue
		}
		l.page = l.format(l.page, line)
	}
	if _, err := l.w.Write(l.page); err != nil {
		return err
	}
	return l.control.Flush()
}

// textLines formats the lines of an answer as text.
type textLines struct {
	begun *LogWriter // whose line has no end yet; nil = the text is at the beginning of a line
}

// appendText appends a line or a piece of a line. Where a line comes into the middle
// of another, both pieces of the other are marked, as in the log of several workers.
func (t *textLines) appendText(page []byte, l LogText) []byte {
	if l.Problem != nil {
		page = t.endPiece(page)
		return append(append(append(page, "initiator: "...), strings.Join(strings.Fields(l.Describe()), " ")...), '\n')
	}
	if !l.Continued || t.begun != l.Writer {
		page = t.beginLine(page, l)
	}
	if page = append(page, l.Text...); l.Partial {
		t.begun = l.Writer
		return page
	}
	t.begun = nil
	return append(page, '\n')
}

// endPiece ends and marks a line that was begun.
func (t *textLines) endPiece(page []byte) []byte {
	if t.begun != nil {
		page = append(append(page, linemark.Split...), '\n')
	}
	t.begun = nil
	return page
}

// beginLine appends what stands before the text of a line.
func (t *textLines) beginLine(page []byte, l LogText) []byte {
	page = t.endPiece(page)
	if l.Writer.Labelled {
		page = append(append(page, l.Writer.Name...), ':')
		page = append(strconv.AppendInt(page, int64(l.Writer.Index), 10), " | "...)
	}
	if l.Continued {
		page = append(page, linemark.Continued...)
	}
	return page
}

// appendJSON appends a line as json.Marshal writes a LogLine, without garbage.
func appendJSON(page []byte, l LogText) []byte {
	page = append(page, '{')
	if !l.At.IsZero() {
		page = append(l.At.AppendFormat(append(page, `"at":"`...), time.RFC3339Nano), `",`...)
	}
	page = jsonappend.AppendString(append(page, `"name":`...), l.Writer.Name)
	page = jsonappend.AppendString(append(page, `,"guid":`...), l.Writer.GUID)
	page = strconv.AppendInt(append(page, `,"index":`...), int64(l.Writer.Index), 10)
	page = jsonappend.AppendString(append(page, `,"stream":`...), l.Writer.Stream)
	if level := l.level(); level != "" {
		page = jsonappend.AppendString(append(page, `,"level":`...), level)
	}
	page = jsonappend.AppendString(append(page, `,"line":`...), l.Text)
	if l.Problem != nil {
		page = jsonappend.AppendString(append(page, `,"error":`...), l.Problem.Error())
	}
	if l.Partial {
		page = append(page, `,"partial":true`...)
	}
	if l.Continued {
		page = append(page, `,"continued":true`...)
	}
	return append(page, "}\n"...)
}

// reopenLogs answers POST /logs/reopen, which does what USR2 does.
func (h *handlers) reopenLogs(w http.ResponseWriter, r *http.Request) {
	if !readJSON(w, r, &struct{}{}) {
		return
	}
	if err := h.Workers.ReopenLogs(r.Context()); err != nil {
		h.writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"reopened": true})
}

// logParameters are the parameters that parseLogQuery and writeLog read.
var logParameters = []string{"format", "stream", "tail", "follow", "previous", "current", "since"}

func parseLogQuery(r *http.Request, now time.Time) (q report.LogQuery, err error) {
	v := r.URL.Query()
	for name, on := range map[string]*bool{"follow": &q.Follow, "previous": &q.Previous, "current": &q.Current} {
		if *on, err = parseSwitch(v, name, false); err != nil {
			return q, err
		}
	}
	switch q.Stream = v.Get("stream"); q.Stream {
	case "", "stdout", "stderr", "both":
	default:
		return q, fmt.Errorf("stream %q does not exist; write stdout, stderr or both", q.Stream)
	}
	switch format := v.Get("format"); format {
	case "", "text", "json":
	default:
		return q, fmt.Errorf("format %q does not exist; write text or json", format)
	}
	if q.Follow && q.Previous {
		return q, fmt.Errorf("follow and previous exclude each other: a process that has ended writes nothing more")
	}
	if text := v.Get("tail"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, fmt.Errorf("tail %q is not a number of lines", text)
		}
		q.Tail = n
	}
	q.Since, err = parseSince(v.Get("since"), now)
	return q, err
}

// parseSince reads a time, or a duration before now; "" is the zero time.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	d, err := time.ParseDuration(text)
	if seconds, numeric := strconv.ParseFloat(text, 64); numeric == nil && seconds < 1e9 {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("since %q is neither a time such as 2030-01-31T12:00:00Z nor a duration such as 10m", text)
	}
	return now.Add(-d), nil
}
