package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"initiator/proactor"
)

// logs answers GET /workers/{name}/logs with the lines as they stand in the
// log, behind "name:index | " where there are several workers, or, with
// format=json, each as a LogLine. Name may be several with commas between.
// The query: stream=stdout|stderr|both, tail=N, since=10m or a time, follow=1,
// previous=1, current=1.
func (k workers) logs(w http.ResponseWriter, r *http.Request) {
	k.showLog(w, r, func(ctx context.Context, q LogQuery, emit func([]LogLine) error) error {
		return k.house.Logs(ctx, mux.Vars(r)["name"], q, emit)
	})
}

// ownLog answers GET /log with the initiator's own, in the same way.
func (k workers) ownLog(w http.ResponseWriter, r *http.Request) { k.showLog(w, r, k.house.OwnLog) }

func (k workers) showLog(w http.ResponseWriter, r *http.Request, read func(context.Context, LogQuery, func([]LogLine) error) error) {
	q, err := logQuery(r, time.Now())
	if err != nil {
		proactor.BadBody.Write(w, err.Error(), nil)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(k.life, cancel)() // it would be waited for at the end
	out := logWriter{w: w, control: http.NewResponseController(w), format: textLine}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.URL.Query().Get("format") == "json" {
		out.format = jsonLine
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	if err := read(ctx, q, out.emit); err != nil && !out.begun {
		fail(w, r, k.house, err)
	}
}

// logWriter passes on every batch at once.
type logWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	format  func([]byte, LogLine) []byte
	begun   bool
}

func (l *logWriter) emit(lines []LogLine) error {
	if !l.begun {
		l.begun = true
		// It lives longer than any request is allowed to.
		_ = l.control.SetReadDeadline(time.Time{})
		_ = l.control.SetWriteDeadline(time.Time{})
	}
	var page []byte
	for _, line := range lines {
		page = l.format(page, line)
	}
	if _, err := l.w.Write(page); err != nil {
		return err
	}
	return l.control.Flush()
}

func textLine(page []byte, l LogLine) []byte {
	if l.Labelled {
		page = fmt.Appendf(page, "%s:%d | ", l.Name, l.Index)
	}
	return append(append(page, l.Line...), '\n')
}

func jsonLine(page []byte, l LogLine) []byte {
	b, err := json.Marshal(l)
	if err != nil {
		return page // strings and a time of this millennium always marshal
	}
	return append(append(page, b...), '\n')
}

// reopen answers POST /logs/reopen, which does what USR2 does.
func (k workers) reopen(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}) {
		return
	}
	if err := k.house.Reopen(r.Context()); err != nil {
		fail(w, r, k.house, err)
		return
	}
	write(w, http.StatusOK, map[string]bool{"reopened": true})
}

func logQuery(r *http.Request, now time.Time) (LogQuery, error) {
	v := r.URL.Query()
	q := LogQuery{Stream: v.Get("stream"), Follow: v.Get("follow") == "1", Previous: v.Get("previous") == "1", Current: v.Get("current") == "1"}
	switch q.Stream {
	case "", "stdout", "stderr", "both":
	default:
		return q, fmt.Errorf("stream %q does not exist; there is stdout, stderr and both", q.Stream)
	}
	if q.Follow && q.Previous {
		return q, fmt.Errorf("follow and previous do not go together: nothing is added to what a process wrote that has ended")
	}
	if text := v.Get("tail"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, fmt.Errorf("tail %q is not a number of lines", text)
		}
		q.Tail = n
	}
	var err error
	q.Since, err = sinceTime(v.Get("since"), now)
	return q, err
}

// sinceTime reads a time, or a duration before now; "" is the zero time.
func sinceTime(text string, now time.Time) (time.Time, error) {
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
