package webhook

import (
	"context"
	"net/http"
	"time"

	"initiator/internal/bounds"
)

// Reserve reserves memory, see bytebudget.Budget.Reserve.
type Reserve func(ctx context.Context, bytes int64) (release func(), err error)

// noRelease is the release of a request that has reserved nothing.
func noRelease() {}

// ReserveBody reserves memory for the body of a request, before ReadBody reads it
// with the same limit. A body of at most bounds.UncountedBody needs none; a body
// without Content-Length reserves the whole limit. ReserveBody waits at most timeout,
// and then allows the body as much time. The Code is Success, or what to answer with.
// The caller calls release once, when the body is not needed any more.
func ReserveBody(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration, reserve Reserve) (release func(), code Code) {
	n := r.ContentLength
	switch {
	case r.Body == nil, 0 <= n && n <= bounds.UncountedBody, n > limit: // ReadBody refuses the last
		return noRelease, Success
	case n < 0:
		if _, whole, err := PeekBody(r, bounds.UncountedBody); whole || err != nil { // ReadBody meets the error again
			return noRelease, Success
		}
		n = limit
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	release, err := reserve(ctx, n)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout)) // the wait is not the sender's
	if err != nil {
		if r.Header.Get("Expect") == "" { // otherwise the sender waits before it sends the body
			discardBody(w, r)
		}
		w.Header().Set("Retry-After", "1")
		return noRelease, BodiesFull
	}
	return release, Success
}

// BodiesFull is the answer when the budget of the sender had no room for a body in
// time. The sender may repeat the request.
var BodiesFull = Code{Unavailable.Number, Unavailable.Status, "The requests of this sender that arrive at the same time are too large together: at most " + sizeText(bounds.PeerBodies) + " are allowed. Send fewer of them at a time, and repeat this one."}
