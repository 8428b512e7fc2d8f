package worker

import (
	"net/http"

	"initiator/internal/connbudget"
)

// attachConnBudget divides the descriptors of the process among the connections
// to the worker's port, so that callers and programs without a token leave the
// master its share.
func (s *server) attachConnBudget(web *http.Server) *connbudget.Table {
	budget := connbudget.New(connbudget.Divide(connbudget.DescriptorLimit()), s.log)
	budget.AttachServer(web)
	return budget
}

// markMaster notes that the connection of a request belongs to the master: the
// request has shown its token. Where the master itself has too many
// connections, the request is answered all the same.
func markMaster(r *http.Request) { connbudget.Admit(r.Context(), connbudget.Lifeline, "") }

// admitCaller notes that the connection of a request belongs to a caller of the
// direct listener. It returns the answer when too many callers are connected.
func (s *server) admitCaller(w http.ResponseWriter, r *http.Request) *directFault {
	if connbudget.Admit(r.Context(), connbudget.Client, remoteHost(r)) {
		return nil
	}
	w.Header().Set("Connection", "close")
	fault := refuseCall(http.StatusServiceUnavailable, "too many callers are connected; call again later, or raise the worker's limit of open files (limit_nofile, ulimit -n)")
	fault.retryAfter = callAgainAfter
	return fault
}
