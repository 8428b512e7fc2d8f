package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"initiator/internal/bytebudget"
	"initiator/internal/connbudget"
	"initiator/internal/webhook"
)

// heldBody is the memory that the body of a client's request has reserved. Its
// methods may be called by the goroutine of the request. A nil heldBody, of a request
// without a client, reserves nothing.
type heldBody struct {
	bodies *bytebudget.Table
	client string
	free   func() // releases what is reserved; nil = nothing
}

type heldBodyKey struct{}

// serveClient answers a request of a client, whose body counts against the client's
// budget from its first byte until the answer, or until release.
func (h *handlers) serveClient(next http.Handler, w http.ResponseWriter, r *http.Request, kind connbudget.Kind, owner string) {
	if !admitConn(w, r, kind, owner) {
		return
	}
	held := &heldBody{bodies: h.bodies, client: clientName(kind, owner)}
	defer held.release()
	next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), heldBodyKey{}, held)))
}

// clientName names the client whose requests share a budget: the owner of the
// connections. A client can open any number of connections, so that a budget for
// each connection would be none.
func clientName(kind connbudget.Kind, owner string) string {
	if kind == connbudget.Local {
		return "the unix socket"
	}
	return owner
}

func heldBodyOf(r *http.Request) *heldBody {
	held, _ := r.Context().Value(heldBodyKey{}).(*heldBody)
	return held
}

// reserveBody reserves memory for the body of r, which is then read with that limit.
func (b *heldBody) reserveBody(w http.ResponseWriter, r *http.Request, limit int64) webhook.Code {
	if b == nil {
		return webhook.Success
	}
	_, code := webhook.ReserveBody(w, r, limit, readTimeout, func(ctx context.Context, n int64) (release func(), err error) {
		b.free, err = b.reserve(ctx, n)
		return b.free, err
	})
	return code
}

// errBodiesFull ends the reading of lines when the budget of the client had no room
// for a long line in time.
var errBodiesFull = errors.New(webhook.BodiesFull.Message)

// reserveLine reserves memory for a long line of the body of r, unless a line of the
// same batch has: a line that is that long reserves as much as the longest.
func (b *heldBody) reserveLine(w http.ResponseWriter, r *http.Request, limit int) error {
	if b == nil || b.free != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	free, err := b.reserve(ctx, int64(limit))
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // the wait is not the client's
	if err != nil {
		return errBodiesFull
	}
	b.free = free
	return nil
}

// reserve is bytebudget.Budget.Reserve of the client.
func (b *heldBody) reserve(ctx context.Context, bytes int64) (release func(), err error) {
	if b == nil {
		return func() {}, nil
	}
	return b.bodies.Reserve(ctx, b.client, bytes)
}

// holdsAny reports whether the body was counted.
func (b *heldBody) holdsAny() bool { return b != nil && b.free != nil }

// release says that the body is not in memory any more. It may be called again.
func (b *heldBody) release() {
	if b.holdsAny() {
		b.free()
		b.free = nil
	}
}
