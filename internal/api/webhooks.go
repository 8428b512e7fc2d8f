package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"initiator/initiator/task"
	"initiator/internal/connbudget"
	"initiator/internal/dispatch"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// This file is the master's side of the contract, as ding.interaction has it.

// recordHeartbeat answers GET /slave/heartbeat.
func (h *handlers) recordHeartbeat(w http.ResponseWriter, r *http.Request) {
	token, ok := h.checkSession(w, r, "GET")
	if !ok {
		return
	}
	limit := h.Tasks.HeartbeatLimit(token)
	release, code := webhook.ReserveBody(w, r, limit, readTimeout, func(ctx context.Context, n int64) (func(), error) {
		return h.Tasks.ReserveHeartbeat(ctx, token, n)
	})
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return
	}
	defer release()
	data, code := webhook.ReadBody(w, r, limit)
	if !code.OK() {
		if code.Number == webhook.BodyTooLarge.Number {
			h.Tasks.WarnOfHeartbeat(token, code.Message)
		}
		code.WriteAnswer(w, "", nil)
		return
	}
	var body webhook.HeartbeatBody
	if err := webhook.DecodeBody(data, &body); err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	heartbeat := &body
	if body.Incarnation == 0 {
		heartbeat = nil // a ding slave sends {}
	}
	answer, err := h.Tasks.RecordHeartbeat(token, heartbeat)
	switch {
	case errors.Is(err, task.ErrNotFound):
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
	case err != nil:
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
	case answer == nil:
		webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, nil)
	default:
		webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, answer)
	}
}

// recordResult answers PUT /slave/task/complete and /fail, once the result is
// stored.
func (h *handlers) recordResult(w http.ResponseWriter, r *http.Request, failed bool) {
	token, ok := h.checkSession(w, r, "PUT")
	if !ok {
		return
	}
	release, ok := h.admitResult(w, r, token)
	if !ok {
		return
	}
	defer release()
	var body webhook.ResultBody
	if !readWorkerJSON(w, r, &body, h.resultBody) {
		return
	}
	err := h.Tasks.RecordResult(r.Context(), token, failed, body)
	switch {
	case err == nil:
		webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
	case errors.Is(err, dispatch.ErrBadTask):
		webhook.BadTask.WriteAnswer(w, "", nil)
	case errors.Is(err, dispatch.ErrClosed):
		webhook.ShuttingDown.WriteAnswer(w, "", nil)
	default:
		webhook.Internal.WriteAnswer(w, err.Error(), nil)
	}
}

// checkSession makes the checks of the contract in its order: Channel, then
// Token. Which channel is right depends on the token. It reports false when it
// has answered.
func (h *handlers) checkSession(w http.ResponseWriter, r *http.Request, method string) (string, bool) {
	if r.Method != method {
		webhook.MethodNotAllowed.WriteAnswer(w, r.URL.Path+" takes "+method, nil)
		return "", false
	}
	channel := strings.TrimSpace(r.Header.Get(proactor.HeaderChannel))
	if channel == "" {
		webhook.NoChannel.WriteAnswer(w, "", nil)
		return "", false
	}
	token := r.Header.Get(proactor.HeaderToken)
	n, err := strconv.Atoi(channel)
	allowed, known := h.Tasks.CheckChannel(token, n)
	switch {
	case err != nil || !allowed:
		webhook.WrongChannel.WriteAnswer(w, "", nil)
	case token == "":
		webhook.NoSlaveToken.WriteAnswer(w, "", nil)
	case !known:
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
	default:
		return token, admitConn(w, r, connbudget.Lifeline, token)
	}
	return "", false
}

// pingMaster answers GET /ping under the API's token.
func (h *handlers) pingMaster(w http.ResponseWriter, r *http.Request) {
	if h.checkMasterToken(w, r, "GET") {
		webhook.Success.WriteAnswer(w, webhook.MessagePong, nil)
	}
}

// shutdownMaster answers DELETE /shutdown under the API's token.
func (h *handlers) shutdownMaster(w http.ResponseWriter, r *http.Request) {
	if h.checkMasterToken(w, r, "DELETE") {
		webhook.Success.WriteAnswer(w, webhook.MessageShutdown, nil)
		h.Control.Shutdown(false)
	}
}

// checkMasterToken reports false when it has answered.
func (h *handlers) checkMasterToken(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method != method {
		webhook.MethodNotAllowed.WriteAnswer(w, r.URL.Path+" takes "+method, nil)
		return false
	}
	checks := webhook.HeaderCheck{
		ChannelOptional: true, Missing: webhook.NoOwnToken, Wrong: webhook.WrongOwnToken,
		Token: func(token string) bool { _, ok := h.token.check(token); return ok },
	}
	_, code := checks.CheckHeader(r.Header)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return false
	}
	return isOverUnix(r) || admitConn(w, r, connbudget.Client, remoteHost(r))
}
