package client

import (
	"context"
	"errors"
	"math"
	"net"
	"time"

	"initiator/initiator/task"
	"initiator/internal/handlercontext"
)

// FromContext returns a client for the initiator that launched this worker. ctx is
// the context of a handler or a hook. The client is closed when ctx ends.
//
// Tasks that it submits are children of the handler's task: when that task is
// cancelled, its children are cancelled too. The initiator lets a worker submit tasks,
// and read and cancel the tasks that its pool has submitted; errors.Is finds
// task.ErrForbidden for everything else. Requests wait for an initiator that is being
// upgraded or started again, until ctx ends.
//
// A handler that waits for its children holds its slot meanwhile. Submit children to
// another pool, or configure more slots than there can be such parents. Otherwise
// every slot may be held by a task that waits for a slot.
//
// The error says that ctx is no context of a handler, or that the worker does not know
// the initiator's address, because it was started by hand or by another master.
func FromContext(ctx context.Context) (*Client, error) {
	h, ok := handlercontext.Of(ctx)
	if !ok {
		return nil, errors.New("find the initiator: the context is not that of a handler; pass the ctx that the handler got")
	}
	addr, _ := h.Setting("parent_addr")
	port, _ := h.Setting("parent_port")
	token, _ := h.Setting("token")
	if addr == "" || port == "" || token == "" {
		return nil, errors.New("find the initiator: this worker was not launched by an initiator; use `initiator up`, or `initiator run`")
	}
	c := HTTP("http://"+net.JoinHostPort(addr, port), token, ReconnectFor(math.MaxInt64*time.Nanosecond))
	c.parent = h.Task
	c.outage.noteConnection() // it has launched this worker
	context.AfterFunc(ctx, c.Close)
	return c, nil
}

// addParent makes a request that names no parent a child of the handler's task.
func (c *Client) addParent(r *task.Request) {
	if r.Parent == (task.Request{}).Parent {
		r.Parent = c.parent
	}
}
