// Command initiator starts the workers that an INI file defines on free ports,
// keeps them running, and gives them tasks that survive crashes. It replaces
// supervisord, a task queue and the queue's broker in one program.
//
//	initiator run adder '{"a": 2, "b": 3}'   run a task, without any set-up
//	initiator up                             start the workers and keep them running
//	initiator status                         show the workers
//
// Its verbs are:
//
//	the initiator  up shutdown upgrade check keys plan reload import backup restore
//	               token rotate, version
//	workers        status launch logs events start stop restart why scale signal job
//	tasks          run call pause resume
//	               task submit, wait, list, get, cancel, retry, export, import
//	supervisorctl  avail clear maintail pid reread tail update
//
// `initiator VERB --help` explains a verb, its flags and its exit codes. The keys
// of the INI are in `initiator keys`.
package main

// Each verb has a file of its name: the cobra command, then its steps. A verb
// with more steps has files that begin with its name.
//
//	main.go                 the process: its streams and its exit code
//	root.go                 the verbs and their groups
//	up.go                   up: makes and runs an initiator
//	up_pid1.go              … as process 1 of a container
//	up_systemd.go           … with what a service manager passes
//	up_notify.go            … tells the service manager about readiness and life
//	up_log.go               … where the log and the output of workers go
//	up_logfile.go           … the file of the key logfile
//	up_signals.go           … signals: INT, TERM, QUIT, HUP and USR2
//	up_show.go              … shows state changes
//	up_readiness.go         … when all workers are ready or given up
//	up_main_worker.go       … --main
//	up_stop.go              … the stop
//	shutdown.go             shutdown
//	upgrade.go              upgrade
//	check.go                check
//	check_rows.go           … definitions and schedules as rows
//	check_command.go        … command lines as they are typed
//	keys.go                 keys
//	plan.go                 plan
//	reload.go               reload
//	token.go                token rotate
//	changes_table.go        … what plan and reload print
//	import.go               import
//	backup.go               backup
//	restore.go              restore
//	version.go              version
//	status.go               status
//	left_text.go            … left processes, and processes that are not ended
//	status_table.go         … the table and the lines below it
//	status_last_known.go    … where no initiator runs
//	why_last_known.go       why, where no initiator runs
//	launch.go               launch
//	logs.go                 logs
//	events.go               events
//	start_stop_restart.go   start, stop and restart
//	why.go                  why
//	scale.go                scale
//	signal.go               signal
//	job.go                  job
//	run.go                  run: one task
//	run_abandon.go          … a task whose end is not awaited
//	run_temporary.go        … in an initiator for this command only
//	run_watch.go            … watches the workers meanwhile
//	unrecoverable.go        … why no worker of a pool will ever run a task
//	run_many.go             … a task in each line of standard input
//	run_many_watch.go       … watches their attempts
//	run_many_task.go        … one of these tasks
//	run_many_result.go      … the results and the summary
//	outage_fault.go         … the end when the initiator does not come back
//	call.go                 call
//	pause_resume.go         pause and resume
//	task.go                 the verbs of task
//	task_request.go         tasks from flags and DATA
//	task_input.go           tasks from the lines of standard input
//	task_submit.go          task submit
//	task_submit_many.go     … a task in each line
//	task_count.go           … counts and rate
//	task_check.go           … damage of the task files
//	task_wait.go            task wait
//	task_follow.go          … with progress and output
//	task_attempt_note.go    … with the end of each attempt
//	task_outcome.go         … the result and its exit code
//	task_list.go            task list
//	task_get.go             task get
//	task_state.go           a task in one line, for cancel and retry
//	task_retry.go           task retry
//	task_export.go          task export
//	task_import.go          task import
//
// What verbs share is in internal/cli, what a terminal shows in
// internal/terminal, and what users of supervisorctl know in
// internal/supervisorctl.
