// Package supervisord reads the configuration of supervisord 4.2.5 as
// supervisord itself does: its lines, comments, references, defaults, and what
// it refuses. [IsConfig] recognises such a file, and [Parse] returns a [File]
// with every process, or every fault at once.
//
// The package knows nothing of plans: package plan decides how the initiator
// runs a process of a File.
package supervisord

// The files, in the order in which a configuration passes through them:
//
//	read.go            Parse, IsConfig
//	lines.go           lines, and where comments begin
//	parse.go           Section, Key: sections, keys, continuation lines
//	document.go        sections as they are seen: [DEFAULT], duplicates, %(here)s
//	include.go         [include]
//	glob.go            the files that match a pattern
//	names.go           names that a value can refer to
//	marks.go           references to the environment that are kept as such
//	expand.go          %(name)s
//	format.go          %(process_num)02d: how a value is printed
//	section_reader.go  one section: each key is expanded and read, faults are noted
//	value_*.go         how each kind of value is read
//	split_words.go     words of a command, tokens of an environment
//	settings.go        [supervisord]
//	servers.go         [unix_http_server], [inet_http_server]
//	groups.go          [group:x]; which process is in which group
//	program.go         [program:x]: one process for each of numprocs
//	descriptor.go      logs that name a descriptor, such as /dev/stdout
//	other_sections.go  sections and keys that are not supported
//	file.go            File, Group, Process: the result
