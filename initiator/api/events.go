package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/proactor"
)

type events struct {
	house House
	log   hclog.Logger
}

// stream answers GET /events?since=N as server-sent events. A client that was
// cut off goes on with Last-Event-ID.
func (e events) stream(w http.ResponseWriter, r *http.Request) {
	since, err := sinceOf(r)
	if err != nil {
		proactor.BadBody.Write(w, err.Error(), nil)
		return
	}
	control := http.NewResponseController(w)
	// The stream lives longer than any request is allowed to.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	for {
		past, more := e.house.Events(since)
		for _, t := range past {
			since = t.Seq
			data, err := json.Marshal(t)
			if err != nil {
				e.log.Error("write an event", "error", err)
				return
			}
			if _, err := fmt.Fprintf(w, "id: %d\nevent: transition\ndata: %s\n\n", t.Seq, data); err != nil {
				return
			}
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

func sinceOf(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("since")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		text = id
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("since %q is not the number of an event", text)
	}
	return n, nil
}
