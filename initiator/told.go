package initiator

import (
	"sync"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/supervise"
	"initiator/proactor"
)

// told is what each living worker was told of itself on its stdin.
type told struct {
	mu     sync.Mutex
	byGUID map[string]teller
}

type teller struct {
	spec string // name of its definition
	plan.Worker
}

func (t *told) put(spec string, w plan.Worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byGUID == nil {
		t.byGUID = map[string]teller{}
	}
	t.byGUID[w.GUID] = teller{spec, w}
}

func (t *told) get(guid string) (teller, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, ok := t.byGUID[guid]
	return w, ok
}

// holder is the worker whose own token this is.
func (t *told) holder(token string) (guid string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for guid, w := range t.byGUID {
		if w.Token != "" && proactor.TokenEqual(token, w.Token) {
			return guid, true
		}
	}
	return "", false
}

// forget lets go of a worker whose process is gone: its token opens nothing
// any more.
func (t *told) forget(guid string, incarnation int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byGUID[guid].Incarnation == incarnation {
		delete(t.byGUID, guid)
	}
}

// heard is told every transition of a worker.
func (t *told) heard(n supervise.Transition) {
	switch n.To {
	case lifecycle.Stopped, lifecycle.Backoff, lifecycle.Exited, lifecycle.Fatal:
		t.forget(n.GUID, n.Incarnation)
	}
}

// Holder is the living worker whose own token this is.
func (in *Initiator) Holder(token string) (guid string, ok bool) { return in.told.holder(token) }

// Config is what a living worker sees of its configuration now, if that is the
// worker's own token. After a reload it can be other than what it was told.
func (in *Initiator) Config(guid, token string) (entries []plan.Entry, allowed bool) {
	w, ok := in.told.get(guid)
	if !ok || !proactor.TokenEqual(token, w.Token) {
		return nil, false
	}
	spec, ok := in.Plan().Spec(w.spec)
	if !ok {
		return nil, false // a reload has removed it, and it is about to end
	}
	return in.Plan().Entries(spec, w.Worker), true
}

// Definition is the name of the worker definition of that name or module.
func (in *Initiator) Definition(module string) (name string, ok bool) {
	s, ok := in.Plan().Definition(module)
	if !ok {
		return "", false
	}
	return s.Name, true
}
