// Package procfs reads what Linux shows of processes in /proc: their place in
// the process table, their children, names, environment and memory. On other
// systems every function finds nothing, except Executable on macOS.
//
// Functions that take a process id may be called at any time, also for a
// process that ends meanwhile. A process id may be reused as soon as the
// process was waited for: compare [Process.Start] to recognize a process.
package procfs

// The files, in the order of a reader's questions:
//
//	process.go              one entry of the process table, and its parser
//	digits.go               the numbers in the files
//	list_dir_*.go           the names in a directory
//	read_linux.go           the files of one process
//	executable_*.go         the program of a process, on other systems
//	environment_linux.go    the environment, also of a process in the middle of an exec
//	environ_value.go        one variable of an environment
//	realtime_limit_linux.go the limit that marks the processes of a worker
//	last_pid_linux.go       whether processes were created
//	child_lister_linux.go   the children of a process
//	other.go                systems without /proc
