package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"initiator/initiator/task"
	"initiator/internal/dispatch"
	"initiator/internal/webhook"
)

// streamTaskEvents answers GET /tasks/{id}/events as server-sent events: "state"
// at first and whenever it changes, "progress", "output", and at last "end". A
// client whose connection broke names its last event in Last-Event-ID, and does
// not get that event again.
func (h *handlers) streamTaskEvents(w http.ResponseWriter, r *http.Request) {
	id, ok := parseTaskID(w, r)
	if !ok {
		return
	}
	events, err := h.Tasks.SubscribeTask(r.Context(), id)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	h.streamSubscription(w, r, events)
}

// streamPoolEvents answers GET /tasks/events?pool=P with the events of a pool from
// now on, and with retries=true only with the events of tasks that are tried again.
// Events without a connection are not sent later: GET /tasks has the states of the
// tasks.
func (h *handlers) streamPoolEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	name, subscribe := query.Get("pool"), h.Tasks.SubscribePool
	switch retries := query.Get("retries"); {
	case name == "":
		webhook.BadBody.WriteAnswer(w, "name the pool: ?pool=NAME", nil)
		return
	case retries == "true":
		subscribe = h.Tasks.SubscribeRetries
	case retries != "":
		webhook.BadBody.WriteAnswer(w, "write retries=true, or leave it out", nil)
		return
	}
	events, err := subscribe(r.Context(), name)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	h.streamSubscription(w, r, events)
}

// streamSubscription writes events until they, the client or the server end.
func (h *handlers) streamSubscription(w http.ResponseWriter, r *http.Request, events *dispatch.Subscription) {
	defer events.Close()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(h.life, stop)()
	control := beginEventStream(w)
	lastID := r.Header.Get("Last-Event-ID")
	for control.Flush() == nil {
		list, missed, err := events.Next(ctx)
		if err != nil {
			return
		}
		if _, err := w.Write(encodeTaskEvents(list, missed, lastID)); err != nil {
			return
		}
		lastID = ""
	}
}

// encodeTaskEvents encodes events. It leaves out a first event that has lastID:
// the client knows it.
func encodeTaskEvents(list []task.Event, missed int, lastID string) []byte {
	var text bytes.Buffer
	if missed > 0 {
		fmt.Fprintf(&text, "event: missed\ndata: {\"missed\":%d}\n\n", missed)
	}
	for i, n := range list {
		id, name := n.ID.String()+"/"+n.StateMark(), taskEventName(n)
		if i == 0 && id == lastID && name == "state" {
			continue
		}
		var data bytes.Buffer
		_ = newEncoder(&data).Encode(n) // its raw members were checked when they arrived
		fmt.Fprintf(&text, "id: %s\nevent: %s\ndata: %s\n", id, name, data.Bytes())
	}
	return text.Bytes()
}

func taskEventName(n task.Event) string {
	switch {
	case n.State.Terminal():
		return "end"
	case n.Output != nil:
		return "output"
	case len(n.Progress) > 0:
		return "progress"
	}
	return "state"
}
