// Package pid1 is the first process of a container. The kernel gives it every
// orphan, lets no signal through that it does not handle, and ends all others
// with it. So, like the keeper, it does almost nothing: it starts one child,
// which is the program itself, waits for whoever ends, passes on signals, and
// ends as the child has ended.
//
//	run.go      start, wait, end
//	signals.go  which signals are passed on
//	born_*.go   what differs between kernels: orphans are to come here
//
// The initiator is not pid 1 itself, because pid 1 has to wait for any child
// there is, and would take from the rest of the program (and from Go's own
// os.Process) the exits of those that are theirs. A process whose only child
// is known has nobody to take an exit from.
package pid1
