package api

import (
	"context"
	"net"
	"net/http"
	"strings"

	"initiator/internal/loopback"
	"initiator/proactor"
)

type unixKey struct{}

// markUnix notes that a connection came over the unix socket. Its permissions
// have then said who may come in.
func markUnix(ctx context.Context, c net.Conn) context.Context {
	if _, ok := c.(*net.UnixConn); ok {
		return context.WithValue(ctx, unixKey{}, true)
	}
	return ctx
}

func overUnix(r *http.Request) bool { return r.Context().Value(unixKey{}) != nil }

// guard lets in who comes over the unix socket, or over TCP with the bearer
// token. A web page that a person has open in a browser on this machine can
// send requests here as well: a foreign Host (DNS rebinding) or Origin (a
// request from another site) is turned away before its token is looked at. A
// worker comes in with its own token, and not everywhere.
func guard(token string, h House, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case overUnix(r):
		case loopback.IsForeign(r):
			proactor.Forbidden.Write(w, "Host or Origin is not this server's; use the address that `initiator status` prints", nil)
			return
		case proactor.TokenEqual(bearer(r), token):
		case asWorker(h, &r):
			if !forWorkers(r) {
				proactor.Forbidden.Write(w, "a worker's own token is good for submit, get, wait and cancel of tasks alone", nil)
				return
			}
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="initiator"`)
			proactor.Unauthorized.Write(w, "send Authorization: Bearer with the token in the file `token` of the state directory, or use the unix socket there", nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
