// Package plan turns an INI file into a [Plan]: every worker that it asks for,
// complete with defaults, or every fault that it has, each with its line. It
// starts nothing, and only [Read], [Load] and a [Source] touch files.
//
// The files, in the order a key takes:
//
//	source.go          a file that has been read, before its plan
//	load.go            the file and the files that [include] names
//	envfile.go         env_file
//	make.go            Make: sections to specs, through the tables of keys
//	sections.go        which sections may be there
//	references.go      ${initiator:self} and ${env:NAME}
//	read.go            one section against its table; unknown keys
//	keys.go            what a row of the tables is; Keys, the reference
//	keys_initiator.go  the keys of [initiator], [group:NAME] and [include]
//	keys_worker.go     the keys of [worker:NAME]: what, how many, port, life, tasks
//	schedules.go       the keys of [schedule:NAME], and what they mean
//	probe.go           … and probe: its keys, values and contradictions
//	keys_process.go    … and restart, stop, limits, logs
//	keys_foreign.go    words of other programs and of later versions
//	value_*.go         how each kind of value is read
//	settle.go          defaults that depend on other keys; paths
//	modules.go         turberfield: sections named by modules and guids
//	check.go           contradictions within a worker
//	check_plan.go      contradictions between workers, and in [initiator]
//	check_after.go     dependencies: unknown names, cycles
//	spec.go            Plan, Spec: what comes out
//	supervisord.go     Load of a file that is written for supervisord
//	import.go          Import: such a file written in our own dialect
//	import_section.go  … a section, its keys where they were, its comments
//	import_worker.go   … what a worker's keys are
//	import_changes.go  … what has another meaning
//	part.go            a plan of only some workers, or in another state directory
//	stdin.go           what one worker is given on stdin
//	places.go          {guid} and {port} in a command
//	logpath.go         where the output of one worker goes
//	diff.go            two plans: what to keep, start, stop, restart
package plan
