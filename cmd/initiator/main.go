package main

import (
	"os"
	_ "time/tzdata" // for timezone of a schedule, on a machine or in an image without time zones

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
	"initiator/internal/gctuner"
)

func main() {
	gctuner.Start()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program without os.Exit: it returns the exit code.
func run(args []string, in, out, err *os.File) int {
	stop := cli.CatchBrokenPipes()
	defer stop()
	a := &app{cli.NewApp(in, out, err)}
	return a.Execute(a.buildRoot(), supervisorctl.ExpandTailArgs(args))
}
