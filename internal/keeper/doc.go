// Package keeper runs the keeper: a child process that is the parent of every
// worker. The keeper must not die, so it does almost nothing: it starts the
// processes that it is ordered to start, reports events, and leaves no process
// behind. It knows nothing of INI files, HTTP or tasks, and decides nothing.
//
// An initiator starts a keeper with [Launch], or takes over the keeper of an
// initiator that died with [Attach]. The methods of [Keeper] send orders, and
// [Keeper.Events] yields the events. docs/keeper-protocol.md describes the
// protocol between the two processes.
//
// The keeper is the running executable started again, whatever program that
// is: the initiator, a program that embeds it, a test binary. This package's
// init function takes over such a process before main runs.
//
// When the initiator dies, the keeper kills the workers with all their
// descendants. With workers marked Keep it stays: it takes their output and
// waits for their end, and for the next initiator, which finds it at
// [Options.HandoverSocket]. Without that path, or when no initiator comes, the
// keeper ends with the last worker.
//
// Elsewhere than on Linux there is no subreaper and no Pdeathsig: EmptyProven
// is never set there, a descendant that left the process group is not found,
// workers outlive a keeper that was killed, and no initiator can attach.
package keeper

// The files, in the order in which an order and its events travel:
//
//	protocol.go         orders and events in plain values
//	keeper.go           the initiator's end: methods that send orders
//	acknowledge.go      which output the initiator has written
//	launch.go           starting a keeper, receiving its events, its exit
//	keeper_env.go       the part of the initiator's environment it is given
//	attach.go           taking over the keeper of a dead initiator, leaving one
//	handover_socket_*.go  the socket at which a keeper is found
//	frame.go            frames on the socket
//	init.go             the executable becomes the keeper
//	loop.go             one thread that waits for all descriptors and timers
//	poll_*.go           its wait: epoll or poll
//	signals.go          SIGCHLD wakes it
//	control.go          orders are received and carried out, events are sent
//	spawn.go            one process is prepared, forked and entered
//	launcher.go         a program that is given its socket by systemd's protocol
//	look_path.go        its program is found, its errors are explained
//	stdin.go            its stdin is written
//	fork_thread.go      the thread that forks
//	fd_transfer_*.go    descriptors pass into that thread's own table
//	output.go           output pipes are read
//	flow.go             output waits in its pipe until the initiator has written more
//	collect_lines.go    output is cut into lines and pieces of long lines
//	raw_lines.go        lines that JSON would change
//	unended_lines.go    a line whose end does not come is delivered without it
//	log_page.go         output for a log file, and how it joins the end of the file
//	log_flow.go         output waits in its pipe for the disk, or is dropped
//	log_lost.go         lines that a log could not take
//	log_writer.go       log files are written beside the loop, as disks can hang
//	log_thread_*.go     a thread that hangs keeps no socket open
//	log_file.go         lines are written to one log file
//	log_clear.go        log files are removed
//	children.go         processes end: what is reported and remembered
//	cgroup_*.go         a worker's own cgroup
//	stale_cgroups.go    cgroups that the kernel does not remove yet
//	scan.go             which processes belong to which worker
//	member_scan.go      a scan from time to time, before descendants lose their parents
//	process_tag*.go     a mark of each worker that its descendants inherit
//	marked_key.go       the worker that an environment names
//	signal_process_*.go signals to descendants, and whether an empty tree is a proof
//	gap.go              time-outs after a time in which the keeper did not run
//	end.go              ending a worker, and the keeper itself
//	left.go             left processes, and processes that are not ended
//	signal_worker.go    whom a signal reaches: main process, group, descendants
//	replace_main.go     another process becomes the main process of its worker
//	handover_window.go  the time between two initiators
//	snapshot.go         snapshots, and the events that they do not cover
//	adopt.go            a process that another keeper started
//	adopt_*.go          what the kernel says about such a process
//	rlimits.go          the resource limits of an order
//	launch_settings.go  what the launcher sets in its own process, and its report
//	system_*.go         what differs between kernels
//	unix.go             what does not
