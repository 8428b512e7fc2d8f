package main

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// checkMain says no to a main worker that there is not, or that nobody starts.
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
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("--main %s: the INI defines no such worker", u.mainWorker), cli.SuggestName(u.mainWorker, names))
	case !s.Autostart:
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("--main %s: it would wait to be started", u.mainWorker), "leave out autostart = false there")
	}
	return nil
}

// watchMain ends the house when the main worker has ended for good. That
// somebody stops it is no such end: it can be started again.
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
			u.printNote("%s has ended, and with it everything: %s", u.mainWorker, list[0].Reason)
			u.in.Shutdown(false)
			return
		}
		select {
		case <-more:
		case <-over.Done():
			return
		}
	}
}

// workersOf are the workers of one definition.
func workersOf(all []supervise.Worker, name string) (list []supervise.Worker) {
	for _, w := range all {
		if w.Name == name {
			list = append(list, w)
		}
	}
	return list
}

// allEndedForGood says whether none of these will run again by itself.
func allEndedForGood(list []supervise.Worker) bool {
	for _, w := range list {
		if w.State != lifecycle.Exited && w.State != lifecycle.Fatal {
			return false
		}
	}
	return len(list) > 0
}

// mainCode is the exit code of the first of the workers that has not ended
// well, also when it was we who have ended them: what runs a container wants
// to know how its program ended, whoever asked it to.
func mainCode(list []supervise.Worker) int {
	for _, w := range list {
		if code := exitCodeOf(w.LastExit); code != cli.ExitOK {
			return code
		}
	}
	return cli.ExitOK
}

// exitCodeOf is a shell's word for an exit: 128+n for signal n. What cannot be
// known, or never began, is a fault of ours.
func exitCodeOf(e lifecycle.Exit) int {
	switch {
	case e.Class == "": // there was none
		return cli.ExitOK
	case e.Signal != "":
		return cli.ExitSignalBase + int(unix.SignalNum("SIG"+e.Signal))
	case e.Code < 0:
		return cli.ExitInternal
	}
	return e.Code
}
