// Package keepertest holds helpers for tests of processes in several packages.
package keepertest

// The files:
//
//	suspend.go            stops every thread of a process
//	environment_linux.go  overwrites the environment, as a program with a title does
