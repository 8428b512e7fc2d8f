package lifecycle

import (
	"strings"

	"initiator/initiator/report"
)

const (
	// PlainProgramAdvice ends the reason of a worker that has the contract and whose
	// program has never shown that it knows the contract.
	PlainProgramAdvice = "write contract = off for a program that knows nothing of initiator"
	// ListensElsewhere begins the clause of a NotReadyYet event that names the ports
	// on which a worker listens in place of its own.
	ListensElsewhere = "; this worker listens on "
)

// CutAdvice returns a reason without PlainProgramAdvice, and whether the reason had
// the advice.
func CutAdvice(reason string) (rest string, found bool) {
	return strings.CutSuffix(reason, "; "+PlainProgramAdvice)
}

// adviseAfterDeath adds PlainProgramAdvice to the reason of a death that is typical
// of a program without the contract.
func (r Record) adviseAfterDeath(reason string) string {
	if !r.diedUnready() {
		return reason
	}
	return r.adviseUnlessSpoken(reason)
}

// adviseWhileStarting adds PlainProgramAdvice to the reason why a worker is not ready
// when the process before has died so, or when the worker listens on a port of its own
// choice.
func (r Record) adviseWhileStarting(reason string) string {
	if !strings.Contains(r.NotReadyReason, ListensElsewhere) && (r.Deaths.Count == 0 || !r.diedUnready()) {
		return reason
	}
	return r.adviseUnlessSpoken(reason)
}

// diedUnready reports whether the last exit is typical of a program that rejects the
// arguments --guid and --port, has nothing to do, or never listens on its port.
func (r Record) diedUnready() bool {
	switch r.LastExit.Class {
	case report.ExitNonzero, report.ExitStartTimeout:
		return true
	case report.ExitClean:
		return r.Spec.Ready.Kind != "alive" // otherwise it may be a job that has done its work
	}
	return false
}

func (r Record) adviseUnlessSpoken(reason string) string {
	if !r.Spec.MayBePlain() || r.hasSpoken() {
		return reason
	}
	return reason + "; " + PlainProgramAdvice
}

// hasSpoken reports whether a process of the worker has been ready. With ready =
// alive a process is ready when it has lived for startsecs.
func (r Record) hasSpoken() bool {
	return r.SpokeContract || r.ReachedRunning || r.Ready && r.Spec.Ready.Kind != "alive"
}
