package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"initiator/proactor"
)

// logs answers GET /workers/{name}/logs?stream=&tail=&follow=1 with the lines
// as they stand in the log.
func (k workers) logs(w http.ResponseWriter, r *http.Request) {
	q, err := logQuery(r)
	if err != nil {
		proactor.BadBody.Write(w, err.Error(), nil)
		return
	}
	from, err := k.house.Logs(mux.Vars(r)["name"], q)
	if err != nil {
		fail(w, r, k.house, err)
		return
	}
	defer from.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !q.Follow {
		_, _ = io.Copy(w, from) // a client that has gone away is no fault of ours
		return
	}
	// A reader that waits for more is woken by closing it.
	for _, ctx := range []context.Context{r.Context(), k.life} {
		defer context.AfterFunc(ctx, func() { from.Close() })()
	}
	copyFlushed(w, from)
}

func logQuery(r *http.Request) (LogQuery, error) {
	v := r.URL.Query()
	q := LogQuery{Stream: v.Get("stream"), Follow: v.Get("follow") == "1"}
	if q.Stream != "" && q.Stream != "stdout" && q.Stream != "stderr" {
		return q, fmt.Errorf("stream %q does not exist; there is stdout and stderr", q.Stream)
	}
	if text := v.Get("tail"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return q, fmt.Errorf("tail %q is not a number of lines", text)
		}
		q.Tail = n
	}
	return q, nil
}

// copyFlushed passes on every piece at once.
func copyFlushed(w http.ResponseWriter, from io.Reader) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // it lives longer than any request is allowed to
	if control.Flush() != nil {
		return
	}
	block := make([]byte, 32<<10)
	for {
		n, err := from.Read(block)
		if n > 0 {
			if _, err := w.Write(block[:n]); err != nil || control.Flush() != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
