// Package bounds has the limits of everything that a peer chooses: the length,
// the number and the depth of what clients, workers and the programs of workers
// send. A package that enforces a limit refers to the constant here, so that each
// number stands in one place.
//
// Lengths are in bytes. docs/limits.md has a row for each constant, with the same
// number; a test compares both. No limit changes data without saying so: what is
// too large is refused, ends with a reason, or is marked as left out.
package bounds

// The files:
//
//	bounds.go   the constants
//	nesting.go  CheckNesting: the only decision whether JSON is nested too deep
