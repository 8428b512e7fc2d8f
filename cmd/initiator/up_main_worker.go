package main

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/internal/spelling"
)

// checkMain refuses a main worker that does not exist or does not start
// automatically.
func (u *upRun) checkMain(p *plan.Plan) error {
	if u.mainWorker == "" {
		return nil
	}
	var names []string
	for _, s := range p.Workers {
		names = append(names, s.Name)
	}
	s, ok := p.FindSpec(u.mainWorker)
	switch {
	case !ok:
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("--main %s: the INI defines no such worker", u.mainWorker), spelling.Suggest(u.mainWorker, names))
	case !s.Autostart:
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("--main %s: the worker is not started automatically", u.mainWorker), "remove autostart = false from its section")
	}
	return nil
}

// watchMain shuts the initiator down when the main worker has ended for good. A
// stopped worker has not: it can be started again.
func (u *upRun) watchMain(over context.Context) {
	if u.mainWorker == "" {
		return
	}
	for since := uint64(0); ; {
		past, more := u.in.Events(since)
		if len(past) > 0 {
			since = past[len(past)-1].Seq
		}
		if list := workersOf(u.in.Workers(), u.mainWorker); allEndedForGood(list) {
			u.printNote("the main worker %s has ended, stopping all others: %s", u.mainWorker, list[0].Reason)
			_ = u.in.Shutdown(over) // Run returns the error
			return
		}
		select {
		case <-more:
		case <-over.Done():
			return
		}
	}
}

// workersOf returns the workers of a definition.
func workersOf(all []report.Worker, name string) (list []report.Worker) {
	for _, w := range all {
		if w.Name == name {
			list = append(list, w)
		}
	}
	return list
}

// allEndedForGood reports whether none of these workers will run again by
// itself.
func allEndedForGood(list []report.Worker) bool {
	for _, w := range list {
		if w.State != report.Exited && w.State != report.Fatal {
			return false
		}
	}
	return len(list) > 0
}

// mainCode returns the exit code of the first worker that has not exited with
// 0. It counts also when the initiator has stopped the worker: the program that
// runs a container wants the exit code of its main program.
func mainCode(list []report.Worker) int {
	for _, w := range list {
		if code := exitCodeOf(w.LastExit); code != cli.ExitOK {
			return code
		}
	}
	return cli.ExitOK
}

// exitCodeOf returns the exit code of a shell: 128+n for signal n. An unknown
// exit, and a failed start, are internal errors.
func exitCodeOf(e report.Exit) int {
	switch {
	case e.Class == "": // no process has ended
		return cli.ExitOK
	case e.Signal != "":
		return cli.ExitSignalBase + int(unix.SignalNum("SIG"+e.Signal))
	case e.Code < 0:
		return cli.ExitInternal
	}
	return e.Code
}
