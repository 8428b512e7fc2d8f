// Package cli is what the verbs of the command share: the streams and flags of
// an invocation ([App]), the INI and the socket, exit codes and faults, signals,
// and the completion of words by the shell. It prints no results; the verbs do.
// Only packages below cmd/initiator use cobra.
package cli

// The files, in the order in which a command line passes them:
//
//	app.go               one invocation: streams, common flags, Execute
//	misuse.go            what is wrong with a command line
//	help.go              help pages of 80 columns
//	environment.go       flags from environment variables
//	format.go            -o
//	flag_values.go       durations and points in time as flags
//	completion.go        completion of names of pools, workers and tasks
//	completion_flags.go  completion of the values of flags
//	config.go            the INI, its plan, the state directory, the socket
//	connect.go           clients of the running initiator
//	reconnect.go         --reconnect, and what a user is told of an outage
//	silence.go           an initiator that is stopped or hangs
//	other_file.go        an initiator of another INI in the same state directory
//	wait.go              --wait, and what a verb waits for
//	select.go            workers by definition, group, guid or supervisorctl's name
//	changes.go           what a reload changes
//	log_output.go        logs on stdout
//	last_known.go        the last known state, where no initiator runs
//	log_on_disk.go       logs, where no initiator runs
//	failed_task.go       the end of a task that the verb shows itself
//	signals.go           Ctrl-C, TERM and other signals
//	signal_count.go      … the same signal twice
//	fault.go             errors with an exit code and a next step
//	exit_codes.go        the exit codes
