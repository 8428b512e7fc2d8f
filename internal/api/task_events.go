package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
	"initiator/proactor"
)

// Watchers is the part about seeing what becomes of tasks.
type Watchers interface {
	Watch(ctx context.Context, id uuid.UUID) (*dispatch.Subscription, error)
	WatchPool(ctx context.Context, pool string) (*dispatch.Subscription, error)
}

type taskEvents struct {
	house House
	life  context.Context // of the server: ends the streams
}

// one answers GET /tasks/{id}/events as server-sent events: "state" at first
// and whenever it changes, "progress", "output", and at last "end". A client that was cut
// off names in Last-Event-ID what it has seen, and is not told that again.
func (e taskEvents) one(w http.ResponseWriter, r *http.Request) {
	id, ok := idOf(w, r)
	if !ok {
		return
	}
	watch, err := e.house.Watch(r.Context(), id)
	if err != nil {
		fail(w, r, e.house, err)
		return
	}
	e.stream(w, r, watch)
}

// pool answers GET /tasks/events?pool=P with what happens in a pool from now
// on. What happens while nobody is connected is not told later: GET /tasks has
// what became of it.
func (e taskEvents) pool(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("pool")
	if name == "" {
		proactor.BadBody.Write(w, "name the pool: ?pool=NAME", nil)
		return
	}
	watch, err := e.house.WatchPool(r.Context(), name)
	if err != nil {
		fail(w, r, e.house, err)
		return
	}
	e.stream(w, r, watch)
}

// stream writes what a watch has until it ends, or the client or the server.
func (e taskEvents) stream(w http.ResponseWriter, r *http.Request, watch *dispatch.Subscription) {
	defer watch.Close()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(e.life, stop)()
	control := http.NewResponseController(w)
	// The stream lives longer than any request is allowed to.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	seen := r.Header.Get("Last-Event-ID")
	for control.Flush() == nil {
		news, missed, err := watch.Next(ctx)
		if err != nil {
			return
		}
		if _, err := w.Write(eventsOf(news, missed, seen)); err != nil {
			return
		}
		seen = ""
	}
}

// eventsOf writes news. The first is left out when it says what was seen before.
func eventsOf(news []task.News, missed int, seen string) []byte {
	var text bytes.Buffer
	if missed > 0 {
		fmt.Fprintf(&text, "event: missed\ndata: {\"missed\":%d}\n\n", missed)
	}
	for i, n := range news {
		mark := n.ID.String() + "/" + n.Mark()
		if i == 0 && mark == seen && kindOf(n) == "state" {
			continue
		}
		var data bytes.Buffer
		out := json.NewEncoder(&data)
		out.SetEscapeHTML(false)
		_ = out.Encode(n) // what is raw in it was JSON when it was taken
		fmt.Fprintf(&text, "id: %s\nevent: %s\ndata: %s\n", mark, kindOf(n), data.Bytes())
	}
	return text.Bytes()
}

// kindOf is the name of the event that news is.
func kindOf(n task.News) string {
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
