package api

import (
	"context"
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
	life  context.Context // of the server: ends the streams
}

// stream answers GET /events?since=N&follow=1 as server-sent events. Since may
// be "now"; with follow=0 the newest event is the last. A client that was cut
// off goes on with Last-Event-ID.
func (e events) stream(w http.ResponseWriter, r *http.Request) {
	since, err := e.sinceOf(r)
	if err != nil {
		proactor.BadBody.Write(w, err.Error(), nil)
		return
	}
	follow := r.URL.Query().Get("follow") != "0"
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
		if control.Flush() != nil || !follow {
			return
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		case <-e.life.Done():
			return
		}
	}
}

func (e events) sinceOf(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("since")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		text = id
	}
	switch text {
	case "":
		return 0, nil
	case "now":
		past, _ := e.house.Events(0)
		if len(past) == 0 {
			return 0, nil
		}
		return past[len(past)-1].Seq, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("since %q is not the number of an event, and not \"now\"", text)
	}
	return n, nil
}
