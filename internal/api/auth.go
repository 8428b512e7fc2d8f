package api

import (
	"context"
	"net"
	"net/http"
	"strings"

	"initiator/internal/apiheader"
	"initiator/internal/connbudget"
	"initiator/internal/loopback"
	"initiator/internal/webhook"
)

type unixConnKey struct{}

// markUnixConn notes in the context that a connection came over the unix socket.
// The permissions of the socket have then said who may connect.
func markUnixConn(ctx context.Context, c net.Conn) context.Context {
	if c.LocalAddr().Network() == "unix" {
		return context.WithValue(ctx, unixConnKey{}, true)
	}
	return ctx
}

func isOverUnix(r *http.Request) bool { return r.Context().Value(unixConnKey{}) != nil }

// authMiddleware admits requests over the unix socket, and requests over TCP with
// the bearer token. A web page in a browser on this machine can send requests
// here as well: a foreign Host (DNS rebinding) or Origin (a page of another site)
// is refused before the token is looked at. A worker is admitted with its own
// token to a part of the routes.
func (h *handlers) authMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isOverUnix(r) {
			if h.config != "" {
				w.Header().Set(apiheader.Config, h.config)
			}
			h.serveClient(next, w, r, connbudget.Local, "")
			return
		}
		owner := remoteHost(r)
		valid, isClient := h.token.check(bearerToken(r))
		switch {
		case loopback.IsForeign(r):
			refuseOtherSite(w)
			return
		case isClient:
			bound, done := boundToToken(r, valid)
			defer done()
			r = bound
		case h.identifyWorker(&r):
			if !isOpenToWorkers(r) {
				webhook.Forbidden.WriteAnswer(w, "a worker's own token is good for submit, get, wait and cancel of single tasks alone", nil)
				return
			}
			worker, _ := callingWorker(r)
			owner = worker.GUID
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="initiator"`)
			webhook.Unauthorized.WriteAnswer(w, "send Authorization: Bearer with the token in the file `token` of the state directory, or use the unix socket there", nil)
			return
		}
		h.serveClient(next, w, r, connbudget.Client, owner)
	})
}

// isFromOtherSite reports whether a page of another site has caused a request
// over TCP. On loopback the Host is checked as well (DNS rebinding); elsewhere
// the server can have any name. The paths behind authMiddleware demand more.
func (h *handlers) isFromOtherSite(r *http.Request) bool {
	return !isOverUnix(r) && (loopback.HasForeignOrigin(r) || h.onLoopback && !loopback.IsLoopbackHost(r.Host))
}

func refuseOtherSite(w http.ResponseWriter) {
	webhook.Forbidden.WriteAnswer(w, "Host or Origin is not this server's; use the address that `initiator status` prints", nil)
}

func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
