// Package pid1 is the first process of a container. The kernel gives every orphan
// to process 1, delivers no signal to it that it does not handle, and ends all
// other processes with it. So, like the keeper, process 1 does almost nothing: it
// starts one child, which is the program itself, waits for every process that
// ends, forwards signals, and ends with the exit code of the child.
//
// The initiator itself is not process 1, because process 1 has to wait for any
// child, and would take the exits of children from the rest of the program and
// from Go's os.Process. A process that has started only one child has no other
// waiter.
package pid1

// The files:
//
//	run.go      starts the child, waits, ends
//	signals.go  the signals that are forwarded
//	child_*.go  differences between kernels: orphans, attributes of the child
