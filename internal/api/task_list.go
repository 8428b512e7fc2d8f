package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// listTasks answers GET /tasks?pool=&state=&limit=&after=&data= with a page: the
// tasks, the cursor of the next page, and the number of tasks in all pages. Without
// data=1 the tasks have no data, result and progress. The answer is written while
// the tasks are read.
func (h *handlers) listTasks(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	page, err := h.Tasks.SelectTasks(r.Context(), f)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := newPartWriter(w)
	_, _ = out.WriteString(`{"tasks":[`) // an error comes again at the next write
	if err = h.writeTasks(r.Context(), out, page, f); err == nil {
		_, err = fmt.Fprintf(out, `],"next":%q,"total":%d}`, page.Next, page.Total)
	}
	out.finish(err)
}

// parseFilter reads the query of a list of tasks.
func parseFilter(q url.Values) (f task.Filter, err error) {
	f = task.Filter{Pool: q.Get("pool"), State: task.State(q.Get("state")), After: q.Get("after")}
	if f.State != "" && !f.State.Valid() {
		return f, fmt.Errorf("state %q does not exist; write queued, running, completed, failed, cancelled or dead", f.State)
	}
	if text := q.Get("limit"); text != "" {
		f.Limit, err = strconv.Atoi(text)
		if err != nil || f.Limit < 1 || f.Limit > bounds.ListPage {
			return f, fmt.Errorf("limit %q is not a number from 1 to %d; the answer says where the next page begins", text, bounds.ListPage)
		}
	}
	f.Data, err = parseSwitch(q, "data", false)
	return f, err
}
