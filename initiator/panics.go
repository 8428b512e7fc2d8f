package initiator

import (
	"context"

	"initiator/internal/api"
	"initiator/internal/lifecycle"
	"initiator/internal/output"
	"initiator/internal/plan"
	"initiator/internal/supervise"
)

const (
	// panicLines is how much of the end of a log is searched for a trace.
	panicLines = 2000
	// lookers is how many deaths may wait for their logs to be searched. When
	// more die than that, it is not the traces of all of them that help.
	lookers = 64
)

// lookForPanic looks, after a death that a panic can have caused, into the log
// of stderr, so that its trace is an error in the initiator's log too. Lines
// that come by here anyway are looked at by the relay.
func (in *Initiator) lookForPanic(t supervise.Transition) {
	if !mayBePanic(t.Exit) || in.log.IsDebug() {
		return
	}
	s, ok := in.Plan().Spec(t.Name)
	if !ok || !keptInFile(s) {
		return
	}
	select {
	case in.looking <- struct{}{}:
	default:
		return
	}
	begun := in.background.Go(func() {
		defer func() { <-in.looking }()
		in.searching.Lock() // one log at a time, so that a thousand deaths do not read at once
		defer in.searching.Unlock()
		if record, found := in.panicOf(t); found {
			in.relay.ShowRecord(supervise.Lines{Name: t.Name, GUID: t.GUID, Index: t.Index, Incarnation: t.Incarnation}, record)
		}
	})
	if !begun {
		<-in.looking
	}
}

// mayBePanic: Go's runtime exits with 2, or, with GOTRACEBACK=crash and after a
// SIGQUIT, by a signal.
func mayBePanic(e *lifecycle.Exit) bool {
	return e != nil && (e.Code == 2 || e.Signal == "ABRT" || e.Signal == "QUIT")
}

// keptInFile says whether what a worker writes to stderr is in a file.
func keptInFile(s *plan.Spec) bool {
	log := s.Stderr
	if s.RedirectStderr {
		log = s.Stdout
	}
	return log.Path != "" && log.Path != "-"
}

// panicOf folds the last lines of one incarnation. Its successor, which may be
// writing by now, was launched after the death was told.
func (in *Initiator) panicOf(t supervise.Transition) (trace output.Record, found bool) {
	var fold output.Fold
	look := func(lines []api.LogLine) error {
		for _, l := range lines {
			fold.TakeLine(bare(l))
		}
		return nil
	}
	err := in.Logs(context.Background(), t.GUID, api.LogQuery{Stream: "stderr", Tail: panicLines, Since: t.Began, Until: t.At}, look)
	for _, record := range fold.EndProcess() {
		if err == nil && record.Trace != "" {
			return record, true
		}
	}
	return output.Record{}, false
}
