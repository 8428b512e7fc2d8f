package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"initiator/proactor"
)

// The faults of the original that concern results, by the numbers of the
// contract.

// 7: what a repeated result is to the master, a repeated task is to the worker.
func TestFault7ARepeatedTaskRunsOnce(t *testing.T) {
	var runs atomic.Int64
	h := HandleRaw("once", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.Marshal(runs.Add(1))
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}})
	p.connect(m)
	inline := task("1", "", `{}`)
	inline.Task.InlineMS = 60_000
	for range 3 {
		e := p.mustCall(codeOK, "POST", "/task/new", m.session, inline)
		if string(e.Data) != `{"status":"completed","result":1}` {
			t.Errorf("data %s", e.Data)
		}
	}
	for range 2 { // without inline, the finished task's result is reported again
		p.give(m, "1", "", `{}`)
		m.wantResult(t, `1 complete 1`)
	}
	again := inline
	again.Task.Attempt = 2
	if e := p.mustCall(codeOK, "POST", "/task/new", m.session, again); string(e.Data) != `{"status":"completed","result":2}` {
		t.Errorf("another attempt: data %s", e.Data)
	}
}

// 8: A result goes by its own task's id and attempt, never by "the current one".
func TestFault8ResultsKeepTheirOwnIdentity(t *testing.T) {
	gates := map[string]chan struct{}{"1": make(chan struct{}), "2": make(chan struct{}), "3": make(chan struct{})}
	h := HandleRaw("gate", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		task, _ := TaskOf(ctx)
		<-gates[task.ID]
		return data, nil
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}, Slots: 3})
	p.connect(m)
	for id := range gates {
		p.give(m, id, "", `"`+id+`"`)
	}
	for _, id := range []string{"3", "1", "2"} {
		close(gates[id])
		m.wantResult(t, id+` complete "`+id+`"`)
	}
}

// 8, and 7: the same task given twice while it runs is reported once.
func TestFault8ATaskGivenTwiceIsReportedOnce(t *testing.T) {
	release := make(chan struct{})
	h := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) { <-release; return nil, nil })
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}})
	p.connect(m)
	for range 3 {
		p.give(m, "1", "", `{}`)
	}
	close(release)
	p.stop()
	if err := p.ended(); err != nil { // every report is out
		t.Error(err)
	}
	m.wantResult(t, "1 complete null")
	if len(m.results) > 0 {
		t.Errorf("reported again: %s", <-m.results)
	}
}

// 9: a worker whose master takes requests and never answers loses it in time.
func TestFault9EveryRequestHasATimeout(t *testing.T) {
	lost := make(chan error, 1)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts into its backlog
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := launch(t, Options{
		HeartbeatTolerance: minHeartbeatSpan,
		Hooks:              Hooks{OnLost: func(reason error) { lost <- reason }},
	})
	p.mustCall(codeOK, "POST", "/connect", "s", proactor.ConnectBody{Master: proactor.Master{Address: "http://" + silent.Addr().String()}})
	if err := await(t, lost, "OnLost"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
