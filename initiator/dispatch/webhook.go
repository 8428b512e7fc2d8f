package dispatch

import (
	"context"
	"encoding/json"
	"time"

	"initiator/initiator/task"
	"initiator/proactor"
)

const (
	// inlineMS is how long a worker may hold the answer to /task/new in
	// order to put the outcome into it: one request instead of two.
	inlineMS = 1000
	// postTimeout bounds one POST /task/new.
	postTimeout = 10 * time.Second
	// postPause is the time between two tries of the same POST. Trying
	// again is safe with a worker of ours, which knows id and attempt.
	postPause = 50 * time.Millisecond
)

// posted is what a worker answered to POST /task/new.
type posted struct {
	envelope proactor.Envelope
	outcome  *proactor.TaskAnswer // not nil: it has ended already
	err      error                // no answer
}

// post brings one attempt to its worker, and the loop the answer. It runs in a
// goroutine of its own, until the worker has answered or is detached.
func (d *Dispatcher) post(p *peer, t task.Task, l task.Lease, ends time.Time) {
	body := proactor.TaskBody{Task: proactor.TaskRef{ID: t.ID.String()}, Data: t.Data}
	if !p.blunt {
		body.Task.Method, body.Task.Attempt, body.Task.Deadline = t.Method, l.Attempt, ends
		body.Task.InlineMS = inlineMS
	}
	for {
		a := d.postOnce(p, body)
		if a.err == nil || p.blunt {
			d.box.put(postedMessage{p, l, a})
			return
		}
		d.log.Debug("post", "worker", p.who, "task", l.Task, "error", a.err)
		if !sleep(p.ctx, postPause) {
			return // detached: the task's fate is decided there
		}
	}
}

func (d *Dispatcher) postOnce(p *peer, body proactor.TaskBody) posted {
	ctx, cancel := context.WithTimeout(p.ctx, postTimeout)
	defer cancel()
	e, _, err := p.client.Do(ctx, "POST", "/task/new", p.session.token, body)
	if err != nil {
		return posted{err: err}
	}
	a := posted{envelope: e}
	if e.Success && !p.blunt && len(e.Data) > 0 {
		var o proactor.TaskAnswer
		if json.Unmarshal(e.Data, &o) == nil && o.Status != "" {
			a.outcome = &o
		}
	}
	return a
}
