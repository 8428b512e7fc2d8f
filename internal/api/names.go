package api

import (
	"fmt"

	"initiator/internal/bounds"
)

// namesFault describes the first fault of the names of workers, definitions or
// pools in a request; "" = none. The loop of the supervisor resolves the names
// one by one, so their number is limited.
func namesFault(names []string) string {
	switch {
	case len(names) == 0:
		return `"names" is empty: name workers, definitions or pools, or write "all"`
	case len(names) > bounds.Names:
		return fmt.Sprintf(`"names" has %d names; at most %d are accepted: write "all" or the names of definitions`, len(names), bounds.Names)
	}
	for _, name := range names {
		if len(name) > bounds.Name {
			return fmt.Sprintf(`"names" has a name of %d bytes, which begins %.40q; at most %d are accepted`, len(name), name, bounds.Name)
		}
	}
	return ""
}
