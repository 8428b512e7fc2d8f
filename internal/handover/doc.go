// Package handover takes over what an earlier initiator has left in a state
// directory: the address of its API, its keeper, and the workers with
// on_initiator_exit = keep that have outlived it.
//
// Load finds them. There is one way to adopt workers, whatever has survived: a
// keeper that waits gives its list of workers and is used on; when the keeper was
// killed as well, the list comes from the snapshots in the state directory, and
// a new keeper adopts each process that proves which worker it is. The
// supervisor then gets the same list (Held) in both cases.
package handover

// Files:
//
//	state.go  State: what was found, and the decisions that depend on it
//	adopt.go  the keeper to use, and adoption by a new keeper
