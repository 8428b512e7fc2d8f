package workerlog

import (
	"context"
	"sync"

	"initiator/initiator/report"
	"initiator/internal/api"
	"initiator/internal/output"
	"initiator/internal/supervise"
)

const (
	// panicLines is how many lines of the end of a log are searched for a trace.
	panicLines = 2000
	// maxSearches is how many deaths may wait for their logs to be searched. When
	// more workers die than that, the traces of all of them do not help.
	maxSearches = 64
)

// PanicSearch looks for the trace of a Go panic in the log of stderr after a
// death that a panic can have caused, so that the trace is an error in the
// initiator's log too.
type PanicSearch struct {
	reader     *Reader
	background func(func()) bool
	show       func(supervise.Lines, output.Record)

	waiting chan struct{} // holds a token for each search that runs or waits
	running sync.Mutex    // held by the one search that runs, so that many deaths do not read all at once
}

// NewPanicSearch makes a PanicSearch. Background starts a goroutine, and reports
// false when it is too late for that; show gets each trace that is found.
func (r *Reader) NewPanicSearch(background func(func()) bool, show func(supervise.Lines, output.Record)) *PanicSearch {
	return &PanicSearch{reader: r, background: background, show: show, waiting: make(chan struct{}, maxSearches)}
}

// AfterTransition starts a search when t is a death that a panic can have caused.
// It never blocks.
func (p *PanicSearch) AfterTransition(t report.Event) {
	if !canBePanic(t.Exit) {
		return
	}
	spec, ok := p.reader.Plan().FindSpec(t.Name)
	if !ok || !spec.LogOf("stderr").IsFile() {
		return
	}
	select {
	case p.waiting <- struct{}{}:
	default:
		return
	}
	begun := p.background(func() {
		defer func() { <-p.waiting }()
		p.running.Lock()
		defer p.running.Unlock()
		if trace, found := p.reader.findPanic(t); found {
			p.show(supervise.Lines{Name: t.Name, GUID: t.GUID, Index: t.Index, Incarnation: t.Incarnation}, trace)
		}
	})
	if !begun {
		<-p.waiting
	}
}

// canBePanic reports whether a panic can end a process in this way: Go's runtime
// exits with 2, or, with GOTRACEBACK=crash and after a SIGQUIT, by a signal.
func canBePanic(e *report.Exit) bool {
	return e != nil && (e.Code == 2 || e.Signal == "ABRT" || e.Signal == "QUIT")
}

// findPanic folds the last lines of one incarnation into records. The next
// incarnation, which may write by now, was started after the time of t.
func (r *Reader) findPanic(t report.Event) (trace output.Record, found bool) {
	var fold output.Fold
	take := func(lines []api.LogText) error {
		for _, l := range lines {
			if l.Problem == nil {
				fold.TakeLine(withoutTime(l))
			}
		}
		return nil
	}
	err := r.ReadLogs(context.Background(), t.GUID, report.LogQuery{Stream: "stderr", Tail: panicLines, Since: t.Began, Until: t.At}, take)
	for _, record := range fold.EndProcess() {
		if err == nil && record.Trace != "" {
			return record, true
		}
	}
	return output.Record{}, false
}
