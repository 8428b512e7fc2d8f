package api

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"initiator/internal/webhook"
)

// errTokenReplaced ends the requests that were made with an earlier token.
var errTokenReplaced = errors.New("the API has another token now: read the file `token` of the state directory again")

// apiToken is the token of the API, which can be replaced while requests with it
// are being answered. Any goroutine may call its methods.
type apiToken struct {
	mu     sync.Mutex
	text   string
	valid  context.Context // ends when the token is replaced
	retire context.CancelCauseFunc
}

func newAPIToken(text string) *apiToken {
	t := &apiToken{text: text}
	t.valid, t.retire = context.WithCancelCause(context.Background())
	return t
}

// replace makes text the token, and ends the requests with the earlier token.
func (t *apiToken) replace(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retire(errTokenReplaced)
	t.text = text
	t.valid, t.retire = context.WithCancelCause(context.Background())
}

// check reports whether text is the token, and then how long it is valid.
func (t *apiToken) check(text string) (valid context.Context, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.valid, webhook.TokenEqual(text, t.text)
}

// boundToToken returns the request with a context that ends when valid ends, and a
// function that the caller calls after the answer.
func boundToToken(r *http.Request, valid context.Context) (bound *http.Request, done func()) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stop := context.AfterFunc(valid, func() { cancel(context.Cause(valid)) })
	return r.WithContext(ctx), func() {
		stop()
		cancel(nil)
	}
}

// ReplaceToken replaces Options.Token. The old token opens nothing any more, and
// requests and streams that were begun with it end.
func (s *Server) ReplaceToken(token string) { s.token.replace(token) }

// rotateToken answers POST /token/rotate. The answer does not have the new token, so
// that a client with a stolen token does not get it: clients read the file.
func (h *handlers) rotateToken(w http.ResponseWriter, r *http.Request) {
	if !readJSON(w, r, &struct{}{}) {
		return
	}
	if err := h.Control.RotateToken(context.WithoutCancel(r.Context())); err != nil {
		webhook.Unavailable.WriteAnswer(w, err.Error(), nil)
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"rotated": true})
}
