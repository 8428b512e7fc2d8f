//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"initiator/internal/webhook"
)

// The faults of the original that concern results, with the numbers of
// docs/worker-contract.md, section 2.

// Fault 7: a repeated task is to the worker what a repeated result is to the
// master.
func TestFault7RepeatedTaskRunsOnce(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	h := HandleRaw("once", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.Marshal(runs.Add(1))
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}})
	p.connect(m)
	inline := taskBody("1", "", `{}`)
	inline.Task.InlineMS = 60_000
	for range 3 {
		e := p.mustCall(codeOK, "POST", "/task/new", m.session, inline)
		if string(e.Data) != `{"status":"completed","result":1}` {
			t.Errorf("data %s", e.Data)
		}
	}
	for range 2 { // without inline_ms the result of a finished task is reported again
		p.give(m, "1", "", `{}`)
		m.wantResult(t, `1 complete 1`)
	}
	again := inline
	again.Task.Attempt = 2
	if e := p.mustCall(codeOK, "POST", "/task/new", m.session, again); string(e.Data) != `{"status":"completed","result":2}` {
		t.Errorf("another attempt: data %s", e.Data)
	}
}

// Fault 8: a result is reported with the id and attempt of its own task.
func TestFault8ResultsKeepTheirOwnIdentity(t *testing.T) {
	t.Parallel()
	gates := map[string]chan struct{}{"1": make(chan struct{}), "2": make(chan struct{}), "3": make(chan struct{})}
	h := HandleRaw("gate", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		task, _ := TaskFromContext(ctx)
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

// Faults 7 and 8: a task that is given twice while it runs is reported once.
func TestFault8TaskGivenTwiceIsReportedOnce(t *testing.T) {
	t.Parallel()
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
	if err := p.waitEnded(); err != nil { // every report has been sent
		t.Error(err)
	}
	m.wantResult(t, "1 complete null")
	if len(m.results) > 0 {
		t.Errorf("reported again: %s", <-m.results)
	}
}

// Fault 9: a worker notices in time that its master accepts requests and never
// answers.
func TestFault9EveryRequestHasATimeout(t *testing.T) {
	lost := make(chan error, 1)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections into its backlog only
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := launch(t, Options{
		HeartbeatTolerance: minHeartbeatSpan,
		Hooks:              Hooks{OnLost: func(reason error) { lost <- reason }},
	})
	p.mustCall(codeOK, "POST", "/connect", "s", webhook.ConnectBody{Master: webhook.Master{Address: "http://" + silent.Addr().String()}})
	if err := await(t, lost, "OnLost"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
