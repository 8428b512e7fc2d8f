// Package pools answers for the pools of a plan: which exist, which are paused,
// how many tasks each has, and what a queued task waits for now.
package pools

// Files:
//
//	pools.go    Pools: names, pause and resume, states
//	waiting.go  the reason why a queued task is not running
