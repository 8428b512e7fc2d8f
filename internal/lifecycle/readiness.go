package lifecycle

import "initiator/internal/plan"

// ReadinessLacks says what a worker has not done while it is not ready. A probe
// can say more.
func ReadinessLacks(spec *plan.Spec) string {
	switch ready := spec.Ready; ready.Kind {
	case "notify":
		return "it has not sent READY=1 to $NOTIFY_SOCKET"
	case "line":
		return `it has not written a line that matches "` + ready.Pattern + `"`
	case "http":
		return "GET " + ready.Path + " has not succeeded"
	case "webhook":
		if spec.Protocol == "ding" {
			return "it has not accepted its connect"
		}
		return "it has not answered GET /ping"
	case "tcp":
		return "it does not listen on its port"
	default:
		return "it does not run"
	}
}
