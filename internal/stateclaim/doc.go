// Package stateclaim gives a running initiator a name that does not depend on the
// file system: an abstract unix socket, whose name is derived from the path of the
// state directory. The kernel releases the name when the process ends. Only Linux
// has such names; elsewhere no claim is ever taken.
//
// The lock file in a state directory vanishes together with the directory. The claim
// stays. A second initiator finds the first by it (Take), and clients reach the
// first over it when its socket is gone (Dial).
//
// Any user of the machine can take any name. Therefore both ends look at the user
// of the peer: a claim of another user is ignored, and a connection of another user
// is closed.
package stateclaim

// Files:
//
//	claim.go        Claim, and the listener that admits one user
//	claim_linux.go  abstract sockets, and the user at the other end
//	claim_other.go  systems without abstract sockets
