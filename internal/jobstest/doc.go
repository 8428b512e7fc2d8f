// Package jobstest has the workers for tests that hold in every language with a
// worker library of ours: the libraries of package jobs with the same handlers.
package jobstest

// The files:
//
//	language.go   Each: a test in every language; TakesRow: its rows in turn; Script: a library with handlers of a test
//	python.go     PutPythonFirst: the interpreter instead of the script of a version manager
//	handlers.go   the handlers in Go
//	handlers.py   the handlers in Python
//	handlers.mjs  the handlers in Node
