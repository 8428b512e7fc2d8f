package api

import (
	"errors"
	"net/http"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/dispatch"
	"initiator/internal/webhook"
)

// smallResult is the size of a result that is read without further questions,
// in bytes.
const smallResult = 64 << 10

// admitResult decides whether the body of a result is read. A large result of
// an attempt that the worker does not run is thrown away while it arrives, and
// gets the answer that it would get anyway. The large results of one worker
// share the memory of one. It reports false when it has answered; otherwise the
// caller calls release when the result is recorded.
func (h *handlers) admitResult(w http.ResponseWriter, r *http.Request, token string) (release func(), ok bool) {
	if 0 <= r.ContentLength && r.ContentLength <= smallResult || r.ContentLength > bounds.ResultBody { // ReadBody refuses the latter
		return func() {}, true
	}
	prefix, whole, err := webhook.PeekBody(r, smallResult)
	if whole || err != nil { // ReadBody meets the error again
		return func() {}, true
	}
	if of, ok := webhook.ParseTaskPrefix(prefix); ok {
		expected, err := h.Tasks.ExpectsResult(r.Context(), token, of)
		switch {
		case errors.Is(err, dispatch.ErrBadTask):
			webhook.DiscardBody(w, r)
			webhook.BadTask.WriteAnswer(w, "", nil)
			return nil, false
		case err == nil && !expected:
			h.log.Debug("a large result that changes nothing is not read", "task", of.ID, "attempt", of.Attempt, "bytes", r.ContentLength)
			webhook.DiscardBody(w, r)
			webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
			return nil, false
		}
	}
	size := r.ContentLength
	if size < 0 {
		size = bounds.ResultBody
	}
	if release, err = h.Tasks.ReserveResult(r.Context(), token, size); err != nil {
		webhook.Unavailable.WriteAnswer(w, "", nil)
		return nil, false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // the wait for memory is not the worker's
	return release, true
}
