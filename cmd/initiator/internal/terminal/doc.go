// Package terminal writes for people: text that fits the width of a terminal,
// tables, colours, a line about progress, and a region with a line for each
// worker. Where the output is a file or a pipe, it writes plain lines.
//
// Text of workers, tasks and clients never reaches a terminal unfiltered: a Screen
// escapes everything that it writes, an OutputWriter lets colours in the output of
// workers through, and a LogWriter escapes the log in files and pipes as well.
// Tables and lines (WriteLines) are escaped wherever they go.
package terminal

// The files:
//
//	escape.go         control characters, written out
//	screen.go         an output and its width
//	output_writer.go  the output of workers, with its colours
//	log_writer.go     the log
//	colour.go         colours
//	table.go          columns that fit the screen
//	meter.go          a line about progress
//	live.go           a region with a line for each worker
//	state.go          states of workers and tasks: names and colours
//	text.go           words and lists
//	duration.go       durations
//	terminals.go      whether the terminals of the process were closed
