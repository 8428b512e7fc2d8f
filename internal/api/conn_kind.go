package api

import (
	"net"
	"net/http"
	"strconv"

	"initiator/internal/connbudget"
	"initiator/internal/webhook"
)

// admitConn says who is at the other end of a request's connection: the request
// has shown a token, or came over the unix socket. It reports false when it has
// answered that too many connections of that kind are in use.
func admitConn(w http.ResponseWriter, r *http.Request, k connbudget.Kind, owner string) bool {
	if connbudget.Admit(r.Context(), k, owner) {
		return true
	}
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	webhook.Unavailable.WriteAnswer(w, "too many "+k.String()+" are in use; end some of them or try again later, or raise the initiator's limit of open files (LimitNOFILE=, ulimit -n)", nil)
	return false
}

// remoteHost is the address of a client, without its port; "" over the unix
// socket.
func remoteHost(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // "@" over a unix socket
	return host
}
