// Package jobs holds ready-made workers. Each file is the smallest program
// that shows one thing, and so the documentation for whoever writes a worker:
//
//	echo.go     answers what it is given: JSON that is never decoded
//	sum.go      typed input, and a failure that shows its caller a result
//	sleep.go    a task that takes time: it obeys cancel and reports progress
//	crash.go    everything that can go wrong with a task, on demand
//	exec.go     any command as a worker, one process a task or one for all:
//	            exec_task.go, exec_lines.go with exec_line_process.go; what both
//	            need in exec_process.go, exec_data.go (JSON ↔ bytes), exec_tail.go
//	jobs.go     Names and Run: starting one by its name
//	worker.py   the same contract in Python, with nothing but its own library
//	worker.mjs  … and in Node, without a package
package jobs
