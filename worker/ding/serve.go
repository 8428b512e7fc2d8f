package ding

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
	"initiator/internal/connbudget"
	"initiator/internal/loopback"
	"initiator/internal/webhook"
)

const (
	bodyLimit   = bounds.Body
	readTimeout = 30 * time.Second
	closeGrace  = 2 * time.Second
)

// serveSlaves serves the requests of slaves until the master ends.
func (m *Master) serveSlaves(l net.Listener) {
	web := &http.Server{
		Handler: m, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTimeout, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: bounds.RequestHeader,
		ErrorLog: m.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	budget := connbudget.New(connbudget.Divide(connbudget.DescriptorLimit()), m.log)
	budget.AttachServer(web)
	m.background.Go(func() {
		<-m.life.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		if web.Shutdown(ctx) != nil {
			_ = web.Close()
		}
	})
	if err := web.Serve(budget.Listener(l)); m.life.Err() == nil {
		m.log.Error("the master's server has ended", "error", err)
		m.cancelLife()
	}
}

// ServeHTTP answers the webhooks of the master's side. It refuses every request
// with an Origin, because a web page in a browser has caused it.
func (m *Master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if loopback.HasOrigin(r) {
		webhook.Forbidden.WriteAnswer(w, "This port answers slaves, not web pages: send no Origin.", nil)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /ping":
		if m.checkOwn(w, r) {
			webhook.Success.WriteAnswer(w, webhook.MessagePong, nil)
		}
	case "DELETE /shutdown":
		if m.checkOwn(w, r) {
			webhook.Success.WriteAnswer(w, webhook.MessageShutdown, nil)
			m.cancelLife()
		}
	case "GET /slave/heartbeat":
		if c := m.checkSlave(w, r); c != nil {
			c.noteHeartbeat()
			webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, nil)
		}
	case "PUT /slave/task/complete":
		m.handleResult(w, r, Completed)
	case "PUT /slave/task/fail":
		m.handleResult(w, r, Failed)
	default:
		webhook.NotFound.WriteAnswer(w, "", nil)
	}
}

func (m *Master) checkOwn(w http.ResponseWriter, r *http.Request) bool {
	_, code := webhook.HeaderCheck{
		ShuttingDown: m.life.Err() != nil, Channel: m.options.Channel, ChannelOptional: true,
		Missing: webhook.NoOwnToken, Wrong: webhook.WrongOwnToken,
		Token: func(token string) bool { return webhook.TokenEqual(token, m.token) },
	}.CheckHeader(r.Header)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
	}
	connbudget.Admit(r.Context(), connbudget.Lifeline, "") // a refusal changes nothing here
	return code.OK()
}

// checkSlave returns the connection that the request's session token belongs
// to. When there is none, it writes a refusal and returns nil.
func (m *Master) checkSlave(w http.ResponseWriter, r *http.Request) (c *Connection) {
	_, code := webhook.HeaderCheck{
		ShuttingDown: m.life.Err() != nil, Channel: m.options.Channel,
		Missing: webhook.NoSlaveToken, Wrong: webhook.UnknownSlave,
		Token: func(token string) bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			c = m.tokens[token]
			return c != nil
		},
	}.CheckHeader(r.Header)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return nil
	}
	return c
}

// handleResult stores a result for the task whose id the request names. A task
// that is not in the table any more gets the same answer: the slave has done
// its part, and a repeated result changes nothing.
func (m *Master) handleResult(w http.ResponseWriter, r *http.Request, status Status) {
	c := m.checkSlave(w, r)
	if c == nil {
		return
	}
	release, code := webhook.ReserveBody(w, r, bodyLimit, readTimeout, c.bodies.Reserve)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return
	}
	defer release()
	data, code := webhook.ReadBody(w, r, bodyLimit)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return
	}
	var body webhook.ResultBody
	if err := webhook.DecodeBody(data, &body); err != nil {
		webhook.BadTask.WriteAnswer(w, err.Error(), nil)
		return
	}
	id, err := uuid.Parse(body.Task.ID)
	if err != nil {
		webhook.BadTask.WriteAnswer(w, "Task ID not found.", nil)
		return
	}
	if t := c.removeTask(id.String()); t != nil {
		if status == Failed {
			t.finishTask(Failed, body.Result, &FailedError{body.Result})
		} else {
			t.finishTask(Completed, body.Result, nil)
		}
	}
	webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
}
