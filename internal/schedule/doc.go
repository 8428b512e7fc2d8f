// Package schedule decides when a schedule fires. It is pure: what time it is,
// and which tick was the last, is for the caller to say and to keep.
//
//	schedule.go  the ticks of a schedule: every so often, or by cron
//	cron.go      cron expressions; the only file that knows the library
//	decide.go    which tick fires now, and when to look again
package schedule
