// Package plan turns an INI file into a [Plan]: every worker that the file asks
// for, complete with defaults, or every fault that the file has, each with its
// line. [Read] reads and parses a file once. The [Source] that it returns knows the
// state directory and builds the plan; [Load] does both at once. A plan is never
// changed: a reload makes a second plan and compares the two with [DiffPlans].
//
// One table for each kind of section defines its keys, with type, default and
// documentation. Reading, checking, comparing and [KeyDocs] use the same tables.
// The package starts no process. Only [Read], [Load] and a [Source] touch files.
package plan

// The files, in the order in which a key travels:
//
//	source.go          reads a file once, before its plan is built
//	load.go            the file and the files that [include] names
//	make.go            MakePlan: sections to specs, through the key tables
//	sections.go        which sections may be there
//	references.go      ${initiator:self} and ${env:NAME}
//	read.go            reads a section with its key table; unknown keys
//	keys.go            the rows of a key table, and KeyDocs
//	keys_initiator.go  the keys of [initiator], [group:NAME] and [include]
//	keys_worker.go     the keys of [worker:NAME]: command, replicas, port, tasks
//	probe.go           the keys of probes, their values and contradictions
//	keys_process.go    the keys of restart, stop and logs
//	limits.go          the keys of limits, and their values
//	schedules.go       the keys of [schedule:NAME], and their meaning
//	keys_foreign.go    words of other programs and of later versions
//	value_*.go         reads each kind of value
//	format.go          writes values in their normal spelling
//	own_program.go     whether a command starts the initiator's own program
//	settle.go          defaults that depend on other keys; paths
//	restart.go         … of the restart policy
//	modules.go         turberfield: sections named after modules and guids
//	check.go           contradictions within a worker
//	check_plan.go      contradictions between workers, and in [initiator]
//	check_after.go     dependencies: unknown names, circles
//	plain_program.go   warns of a program that cannot speak the contract
//	shell_words.go     warns of words that only a shell understands
//	inheritance.go     environment_inherit: its values, and what it selects
//	exposure.go        warns of files and of a socket that other users can use
//	envfile.go         reads the files that env_file names
//	spec.go            Plan and Spec, the result
//	supervisord.go     the plan of a file that is written for supervisord
//	import.go          ImportSupervisord writes such a file in our dialect
//	import_section.go  writes a section, with its keys and comments
//	import_worker.go   writes the keys of a worker
//	import_changes.go  lists the differences in meaning
//	part.go            a plan of some workers, or in another state directory
//	stdin.go           the document that a worker reads on its stdin
//	places.go          {name}, {guid}, {index} and {port} in commands and the environment
//	logpath.go         the log file of one worker
//	own_output.go      logs that are the initiator's own output, and their prefix
//	describe_stop.go   how a stop ends a worker, for people
//	diff.go            compares two plans: keep, start, stop or restart
//	fingerprint.go     compares a running process with a plan
