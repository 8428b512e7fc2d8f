package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"initiator/initiator/task"
)

// List returns the tasks that the filter selects, newest first, and at most f.Limit
// of them (100 when it is 0). They have no data, result and progress unless f.Data
// is set. ListPage says whether there are more tasks, and Tasks returns all of them.
func (c *Client) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	page, err := c.ListPage(ctx, f)
	return page.Tasks, err
}

// ListPage returns one page of a list of tasks, newest first. Its Next is the After
// of the filter for the next page. The status of an *Error is 400 for an After that
// is no Next.
func (c *Client) ListPage(ctx context.Context, f task.Filter) (page task.Page, err error) {
	err = c.persist(ctx, func() error {
		tasks := []task.Task{}
		page, err = c.EachOnPage(ctx, f, func(t task.Task) error {
			tasks = append(tasks, t)
			return nil
		})
		page.Tasks = tasks
		return err
	})
	return page, err
}

// Tasks returns all tasks that the filter selects, newest first. It asks for a page
// of f.Limit tasks at a time, and holds one task in memory at a time. A task that is
// submitted meanwhile is left out. The last pair has an error when the list could
// not be read to its end; the error is as of ListPage.
func (c *Client) Tasks(ctx context.Context, f task.Filter) iter.Seq2[task.Task, error] {
	return func(yield func(task.Task, error) bool) {
		for {
			page, err := c.EachOnPage(ctx, f, func(t task.Task) error {
				if !yield(t, nil) {
					return errStopped
				}
				return nil
			})
			switch {
			case errors.Is(err, errStopped):
				return
			case err != nil:
				yield(task.Task{}, err)
				return
			}
			if f.After = page.Next; f.After == "" {
				return
			}
		}
	}
}

// errStopped ends the reading of a page whose reader wants no more tasks.
var errStopped = errors.New("no more tasks are wanted")

// EachOnPage is ListPage that calls each with every task as it arrives, so that one
// task is in memory at a time. The page has no Tasks. An error of each ends the
// reading and is returned.
func (c *Client) EachOnPage(ctx context.Context, f task.Filter, each func(task.Task) error) (page task.Page, err error) {
	res, err := c.openResponse(ctx, http.MethodGet, "/tasks", filterQuery(f), nil)
	if err != nil {
		return page, err
	}
	defer res.Body.Close()
	var stopped error
	err = decodePage(res.Body, &page, func(t task.Task) error {
		stopped = each(t)
		return stopped
	})
	var syntax *json.SyntaxError
	switch {
	case stopped != nil:
		return page, stopped
	case errors.As(err, &syntax):
		return page, fmt.Errorf("read the answer to GET /tasks: %w", err)
	case err != nil:
		return page, explainFailure(ctx, http.MethodGet, "/tasks", err)
	}
	return page, nil
}

// filterQuery returns the query of a list.
func filterQuery(f task.Filter) url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("pool", f.Pool)
	set("state", string(f.State))
	set("after", f.After)
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Data {
		q.Set("data", "1")
	}
	return q
}

// decodePage reads {"tasks":[TASK,…],"next":TEXT,"total":N} from a body, one task at
// a time.
func decodePage(body io.Reader, page *task.Page, each func(task.Task) error) error {
	in := json.NewDecoder(body)
	for range 3 { // {"tasks":[
		if _, err := in.Token(); err != nil {
			return err
		}
	}
	for in.More() {
		var t task.Task
		if err := in.Decode(&t); err != nil {
			return err
		}
		if err := each(t); err != nil {
			return err
		}
	}
	if _, err := in.Token(); err != nil { // ]
		return err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		into := map[json.Token]any{"next": &page.Next, "total": &page.Total}[name]
		if into == nil {
			into = new(json.RawMessage) // of a later initiator
		}
		if err := in.Decode(into); err != nil {
			return err
		}
	}
	return nil
}
