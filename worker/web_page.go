package worker

import (
	"net/http"

	"initiator/internal/loopback"
	"initiator/internal/webhook"
	"initiator/proactor"
	"initiator/worker/call"
)

// webPageMessage is the answer to a request that a web page has caused.
const webPageMessage = "This port answers masters and programs, not web pages: send no Origin, and a Host on loopback."

// isFromWebPage reports whether a page in a browser has caused a request. A
// browser sends an Origin, and no master or other program does. A page whose
// host name resolves to 127.0.0.1 (DNS rebinding) needs no Origin for a GET, but
// has its name in Host. Host is checked where the worker asks for no token, and
// only when it listens on loopback: elsewhere every name can be its own.
func (s *server) isFromWebPage(r *http.Request) bool {
	return loopback.HasOrigin(r) || s.onLoopback && s.asksNoToken(r) && !loopback.IsLoopbackHost(r.Host)
}

// asksNoToken reports whether the worker answers a request that has no token.
func (s *server) asksNoToken(r *http.Request) bool {
	switch r.URL.Path {
	case "/":
		return s.directMode == "open"
	case "/connect":
		return s.startConfig.connect == "open"
	case "/ping":
		return r.Header.Get(proactor.HeaderToken) == ""
	}
	return false
}

// refuseWebPage refuses a request in the form that its path has.
func (s *server) refuseWebPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		fault := &directFault{status: http.StatusForbidden, code: codeNotAuthorized, value: quoteJSON(webPageMessage)}
		fault.writeFault(w, call.JSON)
		return
	}
	webhook.Forbidden.WriteAnswer(w, webPageMessage, nil)
}
