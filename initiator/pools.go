package initiator

import (
	"initiator/internal/pools"
)

// Pools returns the names of the pools that take tasks.
func (in *Initiator) Pools() []string { return pools.Names(in.Plan()) }
