// Package schedule decides when a schedule submits its task.
//
// A [Schedule] has ticks: at every multiple of a duration, or by a cron
// expression. [Schedule.DecideTick] says which tick fires now, which tick is
// skipped, and when to decide again. The package is pure: the caller tells it the
// time and the last tick, and stores the last tick.
//
// When a zone changes its clock, the hour field of a cron expression decides. With
// * or */N, a tick comes whenever the clock shows a matching time: the elapsed time
// counts. With any other hour, each matching time has one tick, at the first
// instant at which the clock shows that time or has jumped over it. Matching times
// of the same gap share one tick, also with the matching time at its end.
package schedule

// Files:
//
//	schedule.go  Schedule, and its ticks before and after a time
//	cron.go      Cron: cron expressions, read with github.com/adhocore/gronx
//	walltime.go  what the clock of a zone shows, over changes of the clock
//	decide.go    DecideTick: which tick fires now, and when to decide again
