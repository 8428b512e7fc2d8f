package keeper

import (
	"slices"
	"strings"
)

// keeperEnv returns the environment of the keeper: the initiator's own without
// the variables that the service manager sets for the initiator alone. With
// them the service manager could take the keeper for the initiator, and every
// worker could read where to send notifications. The variables of withhold are
// secret, and every process of the same user can read the keeper's environment.
func keeperEnv(ours, withhold []string) []string {
	kept := make([]string, 0, len(ours))
	for _, entry := range ours {
		name, _, _ := strings.Cut(entry, "=")
		if name != "NOTIFY_SOCKET" && !strings.HasPrefix(name, "LISTEN_") && !strings.HasPrefix(name, "WATCHDOG_") && !slices.Contains(withhold, name) {
			kept = append(kept, entry)
		}
	}
	return kept
}
