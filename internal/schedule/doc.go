// Package schedule decides when a schedule submits its task.
//
// A [Schedule] has ticks: at every multiple of a duration, or by a cron
// expression. [Schedule.DecideTick] says which tick fires now, which tick is
// skipped, and when to decide again. The package is pure: the caller tells it the
// time and the last tick, and stores the last tick.
package schedule

// Files:
//
//	schedule.go  Schedule, and its ticks before and after a time
//	cron.go      Cron: cron expressions, read with github.com/adhocore/gronx
//	decide.go    DecideTick: which tick fires now, and when to decide again
