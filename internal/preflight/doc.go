// Package preflight looks at what a plan needs of this machine: programs, users and
// working directories. It looks in the places in which a start looks. What it finds is
// no fault of the plan: the program may be installed before the worker is started.
package preflight

// Files:
//
//	preflight.go  Examine: the needs of a plan, and what is missing
