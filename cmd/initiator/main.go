package main

import (
	"os"

	"initiator/internal/heap"
)

func main() {
	heap.Pace()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program but for its exit.
func run(args []string, in, out, err *os.File) int {
	stop := CatchBrokenPipes()
	defer stop()
	a := &app{In: in, Out: NewScreen(out), Err: NewScreen(err)}
	return a.Execute(args)
}
