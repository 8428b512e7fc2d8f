// Package port chooses a port for each worker, keeps other programs from
// taking it, and finds out which process listens on it.
//
// One [Allocator] serves an initiator. [Allocator.Take] asks [NextPort] for the
// port to try, and returns a [Reservation], which the worker keeps over all its
// incarnations. Before a worker is sent a secret, [FindOwner] proves that the
// listening socket on its port is the worker's.
//
// The package knows nothing of workers, of the keeper, or of INI syntax.
package port

// The files, in the order in which data travels:
//
//	next_port.go      NextPort: which port is tried next, as a pure function
//	allocator.go      Range, Allocator: Take
//	restore.go        Allocator.Restore: a port that a worker already has
//	resolve_host.go   the text of listen_addr becomes a socket address
//	socket.go         one socket for a port, by mode (reserve, inherit, bind)
//	socket_linux.go   close-on-exec at birth; a port can be reserved
//	socket_other.go   the same for other systems
//	reservation.go    Reservation: File, Close, Rebind, Release
//	errors.go         ExhaustedError and TakenError
//	proc_net_tcp.go   parser of the kernel's text table of TCP sockets
//	sock_diag_linux.go       the same table from sock_diag, which is far cheaper
//	read_listeners_linux.go  ReadListeners: the table becomes a ListenerTable
//	listener_table.go        ListenerTable, Ownership: sockets that a connection reaches
//	find_owner_linux.go      FindOwner: the process that holds a listening socket
//	held_ports_linux.go      ListHeld: where a process and its descendants listen
//	find_owner_other.go      ErrUnknown on other systems
