// Package port answers which port a worker gets, keeps anybody else from
// taking it, and finds out who really listens on it.
//
// In the order in which data flows:
//
//	choose.go        next free number, as a pure decision; NextPort over an INI
//	host.go          the text of listen_addr → a socket address
//	socket.go        one number → one socket, by mode (reserve, inherit, bind)
//	socket_linux.go  what only Linux can: close-on-exec at birth, reservation
//	socket_other.go  the same for other systems
//	allocator.go     Range, Allocator.Take: which of the free numbers, for whom
//	reservation.go   what Take yields: hand over, close, rebind, release
//	errors.go        Exhausted and Taken: what went wrong and what to change
//	table.go         parser of the kernel's table of TCP sockets
//	diag_linux.go    the same from sock_diag, which is far cheaper
//	listeners_linux.go  Listeners: one of the two → a Snapshot
//	snapshot.go      the listening sockets of one moment; who is reached on an address
//	owner_linux.go   a listening socket → the process that holds it
//	process_linux.go a process → its children, its name
//	owner_other.go   the plain answer elsewhere: ErrUnknown
//
// The package knows nothing of workers, of the keeper, or of INI syntax.
package port
