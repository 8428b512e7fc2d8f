package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"initiator/internal/dispatch"
	"initiator/proactor"
)

// This file is the master's side of the contract, as ding.interaction has it.

// recordHeartbeat answers GET /slave/heartbeat.
func (h *handlers) recordHeartbeat(w http.ResponseWriter, r *http.Request) {
	token, ok := h.checkSession(w, r, "GET")
	if !ok {
		return
	}
	var body proactor.HeartbeatBody
	if !readJSON(w, r, &body) {
		return
	}
	heartbeat := &body
	if body.Incarnation == 0 {
		heartbeat = nil // a ding slave sends {}
	}
	answer, known := h.Tasks.RecordHeartbeat(token, heartbeat)
	switch {
	case !known:
		proactor.UnknownSlave.Write(w, "", nil)
	case answer == nil:
		proactor.Success.Write(w, proactor.MessageHeartbeat, nil)
	default:
		proactor.Success.Write(w, proactor.MessageHeartbeat, answer)
	}
}

// recordResult answers PUT /slave/task/complete and /fail, once the result is
// stored.
func (h *handlers) recordResult(w http.ResponseWriter, r *http.Request, failed bool) {
	token, ok := h.checkSession(w, r, "PUT")
	if !ok {
		return
	}
	var body proactor.ResultBody
	if !readJSON(w, r, &body) {
		return
	}
	err := h.Tasks.RecordResult(r.Context(), token, failed, body)
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

// checkSession makes the checks of the contract in its order: Channel, then
// Token. Which channel is right depends on the token. It reports false when it
// has answered.
func (h *handlers) checkSession(w http.ResponseWriter, r *http.Request, method string) (string, bool) {
	if r.Method != method {
		proactor.MethodNotAllowed.Write(w, r.URL.Path+" takes "+method, nil)
		return "", false
	}
	channel := strings.TrimSpace(r.Header.Get(proactor.HeaderChannel))
	if channel == "" {
		proactor.NoChannel.Write(w, "", nil)
		return "", false
	}
	token := r.Header.Get(proactor.HeaderToken)
	n, err := strconv.Atoi(channel)
	allowed, known := h.Tasks.CheckChannel(token, n)
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

// pingMaster answers GET /ping under the API's token.
func (h *handlers) pingMaster(w http.ResponseWriter, r *http.Request) {
	if h.checkMasterToken(w, r, "GET") {
		proactor.Success.Write(w, proactor.MessagePong, nil)
	}
}

// shutdownMaster answers DELETE /shutdown under the API's token.
func (h *handlers) shutdownMaster(w http.ResponseWriter, r *http.Request) {
	if h.checkMasterToken(w, r, "DELETE") {
		proactor.Success.Write(w, proactor.MessageShutdown, nil)
		h.Control.Shutdown(false)
	}
}

// checkMasterToken reports false when it has answered.
func (h *handlers) checkMasterToken(w http.ResponseWriter, r *http.Request, method string) bool {
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
