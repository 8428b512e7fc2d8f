package keeper

import "initiator/internal/procfs"

// markedKey returns the worker for which an environment was made. Programs that
// do not follow the contract have no incarnation: 0.
func markedKey(environ []byte) key {
	incarnation := procfs.ParseDigits([]byte(procfs.EnvironValue(environ, "INITIATOR_INCARNATION")))
	return key{guid: procfs.EnvironValue(environ, "INITIATOR_GUID"), incarnation: max(incarnation, 0)}
}
