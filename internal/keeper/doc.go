// Package keeper runs the keeper: a child process that is the parent of every
// worker. It must not die, so it does almost nothing: it starts what it is
// told to, reports what happens, and leaves nothing behind. It knows nothing
// of INI files, HTTP or tasks, and decides nothing.
//
// The keeper is the running executable started again, whatever program that
// is: the initiator, a program that embeds it, a test binary. The init
// function in catch.go takes such a process over before main runs.
//
// The files, in the order that an order and its events travel:
//
//	protocol.go   orders and events, in plain values
//	keeper.go     the initiator's end: orders go out, events come in
//	launch.go     starting the keeper, and learning how it ended; environ.go is
//	              what it is given of our environment
//	attach.go     finding the keeper of an initiator that died, and leaving one;
//	              rendezvous_*.go is where the two meet
//	frame.go      messages on the socket
//	catch.go      the executable becomes the keeper
//	loop.go       one thread that waits for everything; poll_*.go is its wait,
//	              signals.go what wakes it from outside
//	control.go    orders are received and carried out, events sent
//	birth.go      the thread that forks; birth_linux.go its own descriptors
//	spawn.go      a process is born; lookup.go finds its program and words
//	              what went wrong, stdin.go feeds it
//	output.go     its lines are taken; lines.go cuts them, logfile.go keeps them
//	children.go   processes end: what is reported and what is remembered
//	cgroup_*.go   a cgroup of its own; ruins.go those that are still to remove
//	scan.go       which processes are whose; tree_*.go reads the kernel's
//	              tables, process.go parses them
//	end.go        ending a worker, and the keeper itself
//	gap.go        the time between two initiators
//	memo.go       what the one leaves for the other, and what neither has heard
//	adopt.go      a process that another keeper had started; adopt_*.go is what
//	              the kernel knows of it
//	system_*.go   what differs between kernels; unix.go what does not
//
// When the initiator dies, workers are killed with all their descendants. If
// one is marked Keep, the keeper stays with it, takes its output and waits for
// its end, and for the next initiator, which finds it at the rendezvous that
// the last one has chosen. Without one, or when nobody comes, it ends with the
// last worker.
//
// Elsewhere than on Linux there is no subreaper and no Pdeathsig: Emptied is
// never proven there, a descendant that left the process group is not found,
// workers outlive a keeper that was killed, and nobody can come back to one.
package keeper
