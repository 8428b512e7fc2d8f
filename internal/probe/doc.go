// Package probe finds out whether a worker is ready, and whether it still is.
//
// A [Prober] looks at workers that start (readiness) and at workers that run
// (liveness), by webhook, HTTP, TCP or a command. A [NotifySocket] receives what
// a worker reports itself by systemd's protocol, and [Lines] finds the output
// line that means "ready". All of them report [lifecycle.Event] values; they
// decide nothing about the worker.
//
// A worker gets no secret before its listening socket was found among its own
// descriptors: another program may have taken the port.
package probe

// Files, in the order in which data travels:
//
//	target.go   Target: one worker to probe
//	prober.go   Prober: the goroutine that probes all targets in rounds
//	port.go     whether the worker itself listens on its port
//	request.go  one request, and the proof of the token
//	outcome.go  what an outcome means for a target, and the events
//	hint.go     what a worker that is not ready lacks, and where it listens
//	notify.go   NotifySocket: READY=1, WATCHDOG=1 and further messages
//	notify_dir.go  where the socket is, so that every user can reach it
//	notify_receive_*.go  one message and its sender
//	family.go   whether a sender is a process of the worker
//	lines.go    Lines: readiness by a line of output
