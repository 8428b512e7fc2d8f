// Package upgrade replaces the program of a running process by another program,
// in place: exec keeps the process, its children, and the descriptors that are
// meant to stay. It needs Linux.
//
// The program that runs asks the next program whether it can go on (AskProgram),
// collects what stays open (Prepare), and becomes it (NextProgram.Exec). The next
// program finds what it was passed with LoadExecState. Until it has come up,
// both ways back are open: a program that notices that it cannot start calls
// Revert, and a program that crashes is replaced by the fallback process.
package upgrade

// Files:
//
//	program.go       which program comes next, and whether it can go on
//	prepare.go       NextProgram: what is passed to it, and the exec
//	exec_state.go    ExecState: what a program was passed, in one variable
//	startup.go       the time limit for the next program, and Revert
//	fallback_*.go    the process that goes on when the next program crashes
