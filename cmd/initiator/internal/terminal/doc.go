// Package terminal writes for people: text that fits the width of a terminal,
// tables, colours, a line about progress, and a region with a line for each
// worker. Where the output is a file or a pipe, it writes plain lines.
//
// Text from workers and tasks never reaches the terminal unfiltered: Printable
// removes control characters.
package terminal

// The files:
//
//	screen.go    an output and its width
//	colour.go    colours
//	table.go     columns that fit the screen
//	meter.go     a line about progress
//	live.go      a region with a line for each worker
//	state.go     states of workers and tasks: names and colours
//	text.go      words, lists, control characters
//	duration.go  durations
