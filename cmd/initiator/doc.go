// Command initiator launches workers that an INI file defines, keeps them
// alive and hands them tasks.
//
// Each verb has a file of its name. All of them go through these:
//
//	main.go      the process: streams, exit code; the only caller of os.Exit
//	root.go      the verbs, and the flags that all of them have
//	twin.go      every flag's twin in the environment
//	config.go    which INI, and whose socket
//	signal.go    Ctrl-C, once and twice
//	fault.go     what an error is called, what to do next, its exit code
//	screen.go    terminal or pipe, its width, colours
//	table.go     columns that fit
//	words.go     times, names and numbers as people read them
//	complete.go  what the tab key offers
//
// The verb keys shows the table with which package plan reads an INI.
// The verb signal is in send.go; reload is with plan.go, and status_seen.go is
// what status says where nothing runs.
//
// What makes an `up` one of process 1, of systemd and of a main worker is in
// first.go, service.go and mainworker.go. The words that supervisorctl's users
// know, and how they are answered, are in supervisorctl.go, and for start, stop
// and restart in supervisorctl_order.go.
//
// Two verbs start an initiator in this process: up (up.go, with live.go, the
// lines that change until all is ready, up_log.go, where its log and the lines
// of workers go, logfile.go, the file of that log, and up_orders.go, HUP and
// USR2) and run (run.go, with private.go, the
// house for one task). What both know of a task's end is in outcome.go, what
// can still become of a pool in hopeless.go, how a task is described by flags
// in request.go. Where standard input has a task in each line (feed.go), run is
// map.go and map_tell.go, and task submit is submit_many.go; both count in
// tally.go and show how far they are in meter.go, as task wait does
// (task_follow.go). All tasks at once leave by task_export.go, and come in by
// task_import.go.
package main
