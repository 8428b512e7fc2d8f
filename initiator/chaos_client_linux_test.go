package initiator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/task"
)

// chaosClient is one client of the chaos test.
type chaosClient struct {
	*chaos
	rand *rand.Rand
	to   *client.Client
}

// runClient submits tasks and makes requests about them until ctx is done.
func (c *chaos) runClient(ctx context.Context, r *rand.Rand) {
	v := &chaosClient{c, r, c.newClient()}
	defer v.to.Close()
	for ctx.Err() == nil {
		key := v.pickKey()
		id, ok := v.submitTask(ctx, key)
		for n := v.rand.IntN(5); ok && n > 0 && ctx.Err() == nil; n-- {
			v.askOnce(ctx, key, id)
		}
	}
}

// pickKey returns a new key, or a key that another client has used just now.
func (v *chaosClient) pickKey() string {
	v.noting.Lock()
	defer v.noting.Unlock()
	if v.newest == 0 || v.rand.IntN(3) > 0 {
		v.newest++
		return fmt.Sprint(v.newest)
	}
	return fmt.Sprint(max(1, v.newest-v.rand.IntN(4)))
}

// request makes the same request for the same key in every client.
func (c *chaos) request(key string) task.Request {
	var n uint64
	_, _ = fmt.Sscan(key, &n) // it is a number
	r := rand.New(rand.NewPCG(c.seed, 1000+n))
	d := chaosJob{MS: r.IntN(40)}
	switch r.IntN(20) {
	case 0:
		d.MS = 400
	case 1, 2, 3:
		return long(key, chaosPools[2*r.IntN(2)].name)
	}
	if r.IntN(4) == 0 {
		d.How = []string{"fail", "retry", "retry", "exit"}[r.IntN(4)]
	}
	data, _ := json.Marshal(d) // numbers and texts always marshal
	q := task.Request{Key: key, Pool: chaosPools[r.IntN(len(chaosPools))].name, Data: data}
	if r.IntN(3) == 0 {
		q.Attempts = 1 + r.IntN(5)
	}
	return q
}

// long is a task whose results come too late for an inline reply: they have a
// request of their own, which may be delivered again while the next attempt runs.
func long(key, pool string) task.Request {
	return task.Request{Key: key, Pool: pool, Data: json.RawMessage(`{"ms":1050,"how":"retry"}`), Attempts: 6}
}

// submitTask returns when the task is acknowledged, or ctx is done.
func (v *chaosClient) submitTask(ctx context.Context, key string) (uuid.UUID, bool) {
	return v.submitRequest(ctx, v.request(key))
}

func (v *chaosClient) submitRequest(ctx context.Context, q task.Request) (uuid.UUID, bool) {
	for key := q.Key; ctx.Err() == nil; pause(ctx, 10*time.Millisecond) {
		got, ok := v.recordOperation(ctx, "submit", key, 3*time.Second, func(ctx context.Context) (task.Task, error) { return v.to.Submit(ctx, q) })
		if ok {
			v.noting.Lock()
			if _, twice := v.acked[key]; !twice {
				v.acked[key] = recordOf(got)
			}
			v.noting.Unlock()
			return got.ID, true
		}
	}
	return uuid.Nil, false
}

// askOnce makes one request about a task.
func (v *chaosClient) askOnce(ctx context.Context, key string, id uuid.UUID) {
	verb, do, patience := "get", v.to.Task, time.Second
	switch n := v.rand.IntN(10); {
	case n < 5:
		verb, do, patience = "wait", v.to.Wait, 2*time.Second
	case n < 7:
		verb, do = "cancel", v.to.Cancel
	case n < 8:
		verb, do = "retry", v.to.Retry
	}
	_, ok := v.recordOperation(ctx, verb, key, patience, func(ctx context.Context) (task.Task, error) { return do(ctx, id) })
	if !ok {
		pause(ctx, 10*time.Millisecond)
	}
}

// recordOperation makes a request and records both times and the answer. A request
// without an answer is recorded only when it may have changed something: it may
// still do so at any later time.
func (v *chaosClient) recordOperation(ctx context.Context, verb, key string, patience time.Duration, do func(context.Context) (task.Task, error)) (task.Task, bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	op := porcupine.Operation{Input: asked{verb, key}, Call: int64(time.Since(v.began))}
	got, err := do(ctx)
	op.Return = int64(time.Since(v.began))
	out := answered{known: got.Known}
	var waitNoProcess *client.UnreachableError
	switch {
	case err == nil:
		out.record = recordOf(got)
	case errors.As(err, &waitNoProcess):
		return got, false
	case errors.Is(err, &client.Error{Status: http.StatusConflict}):
		out.refused = true
	case errors.Is(err, &client.Error{Status: http.StatusNotFound}):
		out.missing = true
	case verb == "get" || verb == "wait":
		return got, false
	default:
		out.lost, op.Return = true, math.MaxInt64
	}
	op.Output = out
	v.noting.Lock()
	defer v.noting.Unlock()
	v.noted = append(v.noted, op)
	return got, err == nil
}
