// Package connbudget divides the descriptors of a process among the
// connections that it accepts, so that no kind of peer can take those of
// another kind. Without it, idle connections of programs without a token would
// use up all descriptors, and heartbeats, results and the unix socket would not
// be accepted any more.
//
// A [Table] knows every connection of an http.Server. A connection is Anonymous
// until a request on it shows who its peer is; the handler then calls [Admit].
// A kind that is full closes the connection that has been idle longest. The
// limits of the kinds follow from the process's limit of descriptors
// ([Divide]).
package connbudget

// Files:
//
//	limits.go  Kind, Limits, Divide: how many connections each kind may have
//	descriptors_*.go  the process's limit of descriptors
//	table.go   Table: the connections of a server, and Admit
//	class.go   class: the connections of one kind, and which is closed first
//	accept.go  a listener that frees a descriptor when the process has none
