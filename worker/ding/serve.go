package ding

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/proactor"
)

const (
	bodyLimit  = 64 << 20
	closeGrace = 2 * time.Second
)

// serveSlaves serves the requests of slaves until the master ends.
func (m *Master) serveSlaves(l net.Listener) {
	web := &http.Server{
		Handler: m, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: m.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	m.background.Go(func() {
		<-m.life.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		if web.Shutdown(ctx) != nil {
			_ = web.Close()
		}
	})
	if err := web.Serve(l); m.life.Err() == nil {
		m.log.Error("the master's server has ended", "error", err)
		m.cancelLife()
	}
}

// ServeHTTP answers the webhooks of the master's side.
func (m *Master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /ping":
		if m.checkOwn(w, r) {
			proactor.Success.Write(w, proactor.MessagePong, nil)
		}
	case "DELETE /shutdown":
		if m.checkOwn(w, r) {
			proactor.Success.Write(w, proactor.MessageShutdown, nil)
			m.cancelLife()
		}
	case "GET /slave/heartbeat":
		if c := m.checkSlave(w, r); c != nil {
			c.noteHeartbeat()
			proactor.Success.Write(w, proactor.MessageHeartbeat, nil)
		}
	case "PUT /slave/task/complete":
		m.handleResult(w, r, Completed)
	case "PUT /slave/task/fail":
		m.handleResult(w, r, Failed)
	default:
		proactor.NotFound.Write(w, "", nil)
	}
}

func (m *Master) checkOwn(w http.ResponseWriter, r *http.Request) bool {
	_, code := proactor.Checks{
		ShuttingDown: m.life.Err() != nil, Channel: m.options.Channel, ChannelOptional: true,
		Missing: proactor.NoOwnToken, Wrong: proactor.WrongOwnToken,
		Token: func(token string) bool { return proactor.TokenEqual(token, m.token) },
	}.Check(r.Header)
	if !code.OK() {
		code.Write(w, "", nil)
	}
	return code.OK()
}

// checkSlave returns the connection that the request's session token belongs
// to. When there is none, it writes a refusal and returns nil.
func (m *Master) checkSlave(w http.ResponseWriter, r *http.Request) (c *Connection) {
	_, code := proactor.Checks{
		ShuttingDown: m.life.Err() != nil, Channel: m.options.Channel,
		Missing: proactor.NoSlaveToken, Wrong: proactor.UnknownSlave,
		Token: func(token string) bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			c = m.tokens[token]
			return c != nil
		},
	}.Check(r.Header)
	if !code.OK() {
		code.Write(w, "", nil)
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
	data, code := proactor.ReadBody(w, r, bodyLimit)
	if !code.OK() {
		code.Write(w, "", nil)
		return
	}
	var body proactor.ResultBody
	if err := proactor.Decode(data, &body); err != nil {
		proactor.BadTask.Write(w, err.Error(), nil)
		return
	}
	id, err := uuid.Parse(body.Task.ID)
	if err != nil {
		proactor.BadTask.Write(w, "Task ID not found.", nil)
		return
	}
	if t := c.removeTask(id.String()); t != nil {
		if status == Failed {
			t.finishTask(Failed, body.Result, &FailedError{body.Result})
		} else {
			t.finishTask(Completed, body.Result, nil)
		}
	}
	proactor.Success.Write(w, proactor.MessageResult, nil)
}
