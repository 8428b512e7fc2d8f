// Package supervisord reads the configuration of supervisord 4.2.5 as
// supervisord itself does: its lines, comments, references, defaults, and what
// it refuses. It says what stands there, process by process, and knows nothing
// of plans: what a process becomes here is decided by the package plan.
//
// The files, in the order a file takes:
//
//	read.go         Read: a file to a [File], with every fault at once
//	lines.go        lines, and where comments begin
//	parse.go        sections and keys, continuation lines
//	document.go     what a section sees: [DEFAULT], duplicates, %(here)s
//	include.go      [include]
//	glob.go         which files a pattern means
//	names.go        what can be referred to
//	marks.go       references to the environment that are kept as such
//	expand.go       %(name)s
//	format.go       %(process_num)02d: how one value is printed
//	section_reader.go      one section: each key expanded, read, faults noted
//	value_*.go      how each kind of value is read
//	split_words.go         words of a command, tokens of an environment
//	settings.go     [supervisord]
//	servers.go      [unix_http_server], [inet_http_server]
//	groups.go       [group:x]; which process is in which group
//	program.go      [program:x]: one process for each of numprocs
//	other_sections.go    what is there and not done
//	file.go       File, Group, Process: what comes out
package supervisord
