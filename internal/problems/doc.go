// Package problems holds what is wrong with a running initiator until a person mends
// it: damaged tasks, a state directory that is gone, an unsafe mode. The package that
// finds a problem adds it; status, /healthz and the log show it.
package problems

// The files:
//
//	problems.go   Problem, List
