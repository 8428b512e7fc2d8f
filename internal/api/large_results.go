package api

import (
	"context"
	"errors"
	"net/http"

	"initiator/internal/dispatch"
	"initiator/internal/webhook"
)

// smallResult is the size of a result that is read without further questions,
// in bytes.
const smallResult = 64 << 10

// admitResult decides whether the body of a result is read. A large result of
// an attempt that the worker does not run is thrown away while it arrives, and
// gets the answer that it would get anyway. The results of one worker share a
// budget. It reports false when it has answered; otherwise the caller calls release
// when the result is recorded.
func (h *handlers) admitResult(w http.ResponseWriter, r *http.Request, token string) (release func(), ok bool) {
	if isLarge := r.ContentLength < 0 || smallResult < r.ContentLength && r.ContentLength <= h.resultBody; isLarge && h.answerUnread(w, r, token) {
		return nil, false
	}
	release, code := webhook.ReserveBody(w, r, h.resultBody, readTimeout, func(ctx context.Context, n int64) (func(), error) {
		return h.Tasks.ReserveResult(ctx, token, n)
	})
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return nil, false
	}
	return release, true
}

// answerUnread answers a large result that changes nothing, and reports whether it
// has answered.
func (h *handlers) answerUnread(w http.ResponseWriter, r *http.Request, token string) bool {
	prefix, whole, err := webhook.PeekBody(r, smallResult)
	if whole || err != nil { // ReadBody meets the error again
		return false
	}
	if of, ok := webhook.ParseTaskPrefix(prefix); ok {
		expected, err := h.Tasks.ExpectsResult(r.Context(), token, of)
		switch {
		case errors.Is(err, dispatch.ErrBadTask):
			webhook.DiscardBody(w, r)
			webhook.BadTask.WriteAnswer(w, "", nil)
			return true
		case err == nil && !expected:
			h.log.Debug("a large result that changes nothing is not read", "task", of.ID, "attempt", of.Attempt, "bytes", r.ContentLength)
			webhook.DiscardBody(w, r)
			webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
			return true
		}
	}
	return false
}
