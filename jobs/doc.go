// Package jobs holds ready-made workers, which `initiator job NAME` runs. They
// are also examples for authors of workers: each file shows one thing.
package jobs

// The files:
//
//	jobs.go               Names and Run, which start a job by its name
//	echo.go               JSON that is never decoded
//	sum.go                typed input, and a failure with a result of its own
//	sleep.go              a task that takes time: cancelling and progress
//	crash.go              a task that misbehaves on demand
//	exec.go               any command as a worker
//	exec_task.go          with one process for each task
//	exec_settings.go      its keys
//	exec_lines.go         with one process for all tasks, which take turns
//	exec_line_process.go  the process that serves them
//	exec_line_reader.go   which of its lines are answers
//	exec_line_data.go     lines with and without the task's id
//	exec_process.go       process groups and environments
//	exec_failure.go       exit codes and signals as failures
//	exec_data.go          JSON to bytes and back
//	exec_tail.go          the last lines of stderr
//
// The same contract in two other languages, without any package:
//
//	worker.py             in Python
//	worker.mjs            in Node
