package connbudget

import "initiator/internal/bounds"

// Kind says who is at the other end of a connection.
type Kind int

const (
	// Anonymous is a TCP connection on which no request has shown a token yet.
	Anonymous Kind = iota
	// Arriving is a connection over a unix socket without a request yet.
	Arriving
	// Lifeline is a connection for heartbeats, results or the requests of a
	// worker's master.
	Lifeline
	// Client is a TCP connection of a client with a token, or of a caller of a
	// worker's direct listener.
	Client
	// Local is a connection over a unix socket.
	Local
	// Stream is a connection that a request has turned into a stream.
	Stream
	kinds // number of kinds
)

// String returns what people call the connections of a kind.
func (k Kind) String() string {
	return [kinds]string{
		"connections without a token", "connections over the unix socket without a request", "connections of workers",
		"connections of clients", "connections over the unix socket", "streams of clients",
	}[k]
}

// Limits holds the largest number of connections of each kind.
type Limits [kinds]int

// parts says how many sixteenths of the descriptors each kind may have, and at
// most how many descriptors. The other sixteenths are for the process's own
// files and the connections that it opens.
var parts = [kinds]struct{ part, most int }{
	Anonymous: {2, bounds.AnonymousConns},
	Arriving:  {1, bounds.ArrivingConns},
	Lifeline:  {4, bounds.WorkerConns},
	Client:    {3, bounds.ClientConns},
	Local:     {2, bounds.LocalConns},
	Stream:    {1, bounds.StreamConns},
}

// fewest is the number of connections that each kind may have in any case.
const fewest = 4

// Divide divides a limit of descriptors among the kinds.
func Divide(descriptors uint64) (l Limits) {
	n := int(min(descriptors, 1<<20))
	for k, p := range parts {
		l[k] = max(min(n*p.part/16, p.most), fewest)
	}
	return l
}
