package worker

import (
	"context"
	"net"
	"net/http"

	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// fromMaster is the sender of requests that have shown the token of the session.
// Every other sender is named by its host.
const fromMaster = "the master"

// remoteHost returns the address of the sender of a request, without its port.
func remoteHost(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// reserveBody reserves memory for the body of a request, which counts against the
// budget of its sender until release is called. When the Code is not Success, it is
// the answer.
func (s *server) reserveBody(w http.ResponseWriter, r *http.Request, sender string, limit int64) (release func(), code webhook.Code) {
	return webhook.ReserveBody(w, r, limit, s.options.ReadTimeout, s.reserveFor(sender))
}

func (s *server) reserveFor(sender string) webhook.Reserve {
	return func(ctx context.Context, n int64) (func(), error) { return s.bodies.Reserve(ctx, sender, n) }
}

// readBody reads the request's body and decodes it into v. When it cannot, it
// writes the error answer and returns false. Otherwise the caller calls release when
// v is not needed any more.
func (s *server) readBody(w http.ResponseWriter, r *http.Request, sender string, limit int64, v any) (release func(), ok bool) {
	release, code := s.reserveBody(w, r, sender, limit)
	if !code.OK() {
		s.writeCode(w, code)
		return nil, false
	}
	data, code := webhook.ReadBody(w, r, limit)
	if !code.OK() {
		release()
		s.writeCode(w, code)
		return nil, false
	}
	if err := webhook.DecodeBody(data, v); err != nil {
		release()
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return nil, false
	}
	return release, true
}

// readConnectBody is readBody for a request that needs no token where connect is
// open.
func (s *server) readConnectBody(w http.ResponseWriter, r *http.Request, v any) (release func(), ok bool) {
	return s.readBody(w, r, remoteHost(r), min(s.options.BodyLimit, bounds.ConnectRequest), v)
}
