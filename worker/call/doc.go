// Package call calls the methods of workers through their direct listeners,
// without an initiator: it is toto's WorkerConnection in Go.
//
//	pool, err := call.New(call.Options{
//		Addresses: []string{"127.0.0.1:7301", "127.0.0.1:7302"},
//		Defaults:  []call.Option{call.WithTimeout(2 * time.Second), call.WithRetries(1)},
//	})
//	if err != nil {
//		return err
//	}
//	defer pool.Close()
//	total, err := call.Invoke[Total](ctx, pool, "sum", Sum{2, 3})
//
// A [Pool] distributes calls round robin over its addresses. An address that
// does not answer leaves the rotation. The pool probes such an address and
// returns it to the rotation as soon as it answers.
//
// The caller owns the pool and closes it. The pool owns one goroutine for each
// future and one for each probe; Close ends both.
package call

// The files, in the order in which a call travels:
//
//	pool.go      Pool and its addresses
//	options.go   how a call is made: timeout, retries, codec, compression
//	settings.go  the pool that keys of an INI describe
//	default.go   the pool of the process, of its INI and environment
//	codec.go     the serialization of calls and results
//	invoke.go    one call, from address to address
//	rotation.go  which address is next
//	probe.go     an address that left the rotation and comes back
//	result.go    results and errors
//	method.go    methods by their dotted names
//	future.go    calls in the background
