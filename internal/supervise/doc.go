// Package supervise keeps the workers of one plan running.
//
// A [Supervisor] decides what happens next to each worker, lets the keeper carry
// it out, and can explain it. Package lifecycle makes the decisions, one worker
// at a time; this package owns the records, connects them with the keeper, the
// probes and the dispatcher, and handles what concerns several workers:
// dependencies, groups, requests and reloads. One goroutine, the loop, owns all
// of that and receives messages.
//
// Workers can outlive the initiator and the keeper. Then a snapshot of each
// worker stays with the keeper (and in a [SnapshotStore]), and the next
// initiator goes on from it.
package supervise

// Files, in the order in which data travels:
//
//	options.go           the parts of a Supervisor, and what it tells the dispatcher
//	supervisor.go        New, Run, Workers, ReportEvent; messages to the loop
//	loop.go              the goroutine that owns all records; messages and deadlines
//	gap.go               time-outs are moved when the loop was stopped
//	apply_event.go       one event through the table, and who is informed
//	worker.go            what people see of a worker; worker and pool
//	pools.go             creates and removes workers and pools
//	names.go             resolves the names of requests
//	requests.go          start, restart, launch
//	stages.go            requests that reach workers in stages: stop, rolling restart
//	waiter.go            waits until workers are in the requested state
//	scale.go             the number of workers of a pool
//	reload.go            applies another plan
//	reload_workers.go    lets workers read their configuration again
//	startup.go           how far the start of a worker has come
//	why.go               explains a worker in a sentence
//	clear_logs.go        empties log files
//	dependencies.go      `after`: who waits for whom, and the order of a start
//	group.go             the strategy of a [group:]
//	start_stop_all.go    the start and the end of everything
//	actions.go           performs the table's actions
//	spawn.go             the spawn order of a process
//	sockets.go           its port, and the socket that holds the port
//	taken_port.go        its port, when a worker's own daemon has it
//	env.go               its environment and arguments
//	stream.go            the socket pair with which it starts
//	signals.go           signal numbers
//	signal_target.go     whom a signal reaches: the main process or its group
//	hooks.go             before_start and stop_command
//	commands.go          a command of a request: check_command and reload_command
//	checks.go            the check_command before a request changes anything
//	probes.go            readiness and liveness probes
//	keeper_events.go     the keeper's reports
//	output.go            the workers' output lines
//	keeper_lost.go       the death of the keeper
//	keeper_silent.go     a keeper that does not answer
//	keeper_outdated.go   a keeper of an older version
//	follow_main.go       a worker whose main process is replaced
//	pidfile.go           the file that names its main process
//	known_processes.go   what the keeper knows of descendants
//	left_processes.go    left processes, and processes that are not ended
//	leftovers.go         which processes are left of a lost keeper's workers
//	leftovers_*.go       how they are ended
//	adopt.go             a new keeper adopts kept workers
//	prove.go             whether a process is the worker of a snapshot
//	process_mark.go      the start and the GUID of a process
//	snapshot.go          what the next initiator must know of a worker
//	snapshot_save.go     when and where snapshots are saved
//	quiesce.go           the end before an upgrade
//	restore.go           creates the workers of an earlier initiator
//	resume.go            goes on with them
//	clock_*.go           the clock that all processes share
