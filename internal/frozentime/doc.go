// Package frozentime finds the times during which this process did not run, so
// that they do not count towards time-outs.
//
// A process does not run while it is stopped (SIGSTOP), while its container is
// paused, while its virtual machine is moved, and while the machine is
// suspended. A time-out that went on meanwhile says nothing about the other
// side, which may have been stopped as well. A loop that judges others by
// time-outs therefore observes its own rounds with a [Detector], and moves its
// deadlines by each [Gap]. Wall-clock times, such as the deadline of a task,
// are not moved.
package frozentime

// Files:
//
//	detector.go          Detector: the gaps in the rounds of a loop
//	gap.go               Gap: how long, and where it moves a deadline
//	timer.go             AfterFunc: a timer that counts only running time
//	suspended_linux.go   how long the machine was suspended since its boot
//	suspended_other.go   … where the system does not say
