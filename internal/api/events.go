package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"initiator/internal/webhook"
)

// streamEvents answers GET /events?since=N&follow=1 as server-sent events. Since
// may be "now"; with follow=0 the newest event is the last. A client whose
// connection broke goes on with Last-Event-ID.
func (h *handlers) streamEvents(w http.ResponseWriter, r *http.Request) {
	since, err := h.parseSeq(r)
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	follow, err := parseSwitch(r.URL.Query(), "follow", true)
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	control := beginEventStream(w)
	for {
		past, more := h.Events.Since(since)
		for _, t := range past {
			since = t.Seq
			data, err := json.Marshal(t)
			if err != nil {
				h.log.Error("write an event", "error", err)
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
		case <-h.life.Done():
			return
		}
	}
}

// beginEventStream begins an answer of server-sent events.
func beginEventStream(w http.ResponseWriter) *http.ResponseController {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // the answer may take longer than a request
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	return control
}

// parseSeq is the number of the event after which the answer begins.
func (h *handlers) parseSeq(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("since")
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		text = id
	}
	switch text {
	case "":
		return 0, nil
	case "now":
		past, _ := h.Events.Since(0)
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
