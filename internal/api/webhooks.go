package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"initiator/internal/dispatch"
	"initiator/proactor"
)

// webhooks is the master's side of the contract, as ding.interaction has it.
type webhooks struct {
	house House
	token string // the master's own
}

// heartbeat answers GET /slave/heartbeat.
func (h *webhooks) heartbeat(w http.ResponseWriter, r *http.Request) {
	token, ok := h.session(w, r, "GET")
	if !ok {
		return
	}
	var body proactor.HeartbeatBody
	if !readHook(w, r, &body, proactor.BadBody) {
		return
	}
	said := &body
	if body.Incarnation == 0 {
		said = nil // a ding slave sends {}
	}
	answer, known := h.house.Heartbeat(token, said)
	switch {
	case !known:
		proactor.UnknownSlave.Write(w, "", nil)
	case answer == nil:
		proactor.Success.Write(w, proactor.MessageHeartbeat, nil)
	default:
		proactor.Success.Write(w, proactor.MessageHeartbeat, answer)
	}
}

// result answers PUT /slave/task/complete and /fail. The answer comes when the
// result is kept.
func (h *webhooks) result(w http.ResponseWriter, r *http.Request, failed bool) {
	token, ok := h.session(w, r, "PUT")
	if !ok {
		return
	}
	var body proactor.ResultBody
	if !readHook(w, r, &body, proactor.BadBody) {
		return
	}
	err := h.house.Result(r.Context(), token, failed, body)
	switch {
	case err == nil:
		proactor.Success.Write(w, proactor.MessageResult, nil)
	case errors.Is(err, dispatch.ErrBadTask):
		proactor.BadTask.Write(w, "", nil)
	case errors.Is(err, dispatch.ErrClosed):
		proactor.ShuttingDown.Write(w, "", nil)
	default:
		proactor.Internal.Write(w, err.Error(), nil)
	}
}

// session makes the checks of the contract in its order: Channel, then Token.
// Which channel is right depends on the token.
func (h *webhooks) session(w http.ResponseWriter, r *http.Request, method string) (string, bool) {
	if r.Method != method {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" takes "+method, nil)
		return "", false
	}
	named := strings.TrimSpace(r.Header.Get(proactor.HeaderChannel))
	if named == "" {
		proactor.NoChannel.Write(w, "", nil)
		return "", false
	}
	token := r.Header.Get(proactor.HeaderToken)
	n, err := strconv.Atoi(named)
	allowed, known := h.house.Channel(token, n)
	switch {
	case err != nil || !allowed:
		proactor.WrongChannel.Write(w, "", nil)
	case token == "":
		proactor.NoSlaveToken.Write(w, "", nil)
	case !known:
		proactor.UnknownSlave.Write(w, "", nil)
	default:
		return token, true
	}
	return "", false
}

// ping answers GET /ping under the master's own token.
func (h *webhooks) ping(w http.ResponseWriter, r *http.Request) {
	if h.own(w, r, "GET") {
		proactor.Success.Write(w, proactor.MessagePong, nil)
	}
}

// shutdown answers DELETE /shutdown under the master's own token.
func (h *webhooks) shutdown(w http.ResponseWriter, r *http.Request) {
	if h.own(w, r, "DELETE") {
		proactor.Success.Write(w, proactor.MessageShutdown, nil)
		h.house.Shutdown(false)
	}
}

func (h *webhooks) own(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method != method {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" takes "+method, nil)
		return false
	}
	checks := proactor.Checks{
		ChannelOptional: true, Missing: proactor.NoOwnToken, Wrong: proactor.WrongOwnToken,
		Token: func(token string) bool { return proactor.TokenEqual(token, h.token) },
	}
	_, code := checks.Check(r.Header)
	if !code.OK() {
		code.Write(w, "", nil)
	}
	return code.OK()
}

// readHook takes the body of a webhook; it reports false when it has answered
// with the fault.
func readHook(w http.ResponseWriter, r *http.Request, v any, bad proactor.Code) bool {
	data, code := proactor.ReadBody(w, r, bodyLimit)
	if !code.OK() {
		code.Write(w, "", nil)
		return false
	}
	if err := proactor.Decode(data, v); err != nil {
		bad.Write(w, err.Error(), nil)
		return false
	}
	return true
}
