package keeper

import "strings"

// keeperEnv is what the keeper is given of our environment: not what somebody
// told this one process. A keeper that kept it could be taken for us by the
// service manager, and would show everybody where to say so.
func keeperEnv(ours []string) []string {
	kept := make([]string, 0, len(ours))
	for _, entry := range ours {
		name, _, _ := strings.Cut(entry, "=")
		if name != "NOTIFY_SOCKET" && !strings.HasPrefix(name, "LISTEN_") && !strings.HasPrefix(name, "WATCHDOG_") {
			kept = append(kept, entry)
		}
	}
	return kept
}
