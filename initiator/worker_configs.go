package initiator

import (
	"sync"

	"initiator/initiator/report"
	"initiator/internal/dispatch"
	"initiator/internal/plan"
	"initiator/internal/webhook"
)

// workerConfigs has the configuration that each living worker was issued on its
// stdin. Its methods may be called by any goroutine.
type workerConfigs struct {
	plan func() *plan.Plan

	mu     sync.Mutex
	byGUID map[string]issuedConfig
}

// issuedConfig is what one worker was issued.
type issuedConfig struct {
	definition string
	plan.WorkerIdentity
}

func (c *workerConfigs) addConfig(definition string, w plan.WorkerIdentity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byGUID == nil {
		c.byGUID = map[string]issuedConfig{}
	}
	c.byGUID[w.GUID] = issuedConfig{definition, w}
}

func (c *workerConfigs) findConfig(guid string) (issuedConfig, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.byGUID[guid]
	return w, ok
}

// TokenOwner returns the living worker to which a token was issued.
func (c *workerConfigs) TokenOwner(token string) (owner dispatch.WorkerCaller, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.byGUID {
		if w.Token != "" && webhook.TokenEqual(token, w.Token) {
			return dispatch.WorkerCaller{Pool: w.definition, GUID: w.GUID, Incarnation: w.Incarnation}, true
		}
	}
	return dispatch.WorkerCaller{}, false
}

// Config returns the configuration of a living worker as the plan has it now, if
// the token is that worker's. After a reload it can differ from what the worker
// was issued.
func (c *workerConfigs) Config(guid, token string) (entries []plan.Entry, allowed bool) {
	w, ok := c.findConfig(guid)
	if !ok || !webhook.TokenEqual(token, w.Token) {
		return nil, false
	}
	p := c.plan()
	spec, ok := p.FindSpec(w.definition)
	if !ok {
		return nil, false // a reload has removed the definition, and the worker is about to end
	}
	return p.WorkerEntries(spec, w.WorkerIdentity), true
}

// noteTransition forgets a worker whose process is gone, so that its token opens
// nothing any more.
func (c *workerConfigs) noteTransition(t report.Event) {
	switch t.To {
	case report.Stopped, report.Backoff, report.Exited, report.Fatal:
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.byGUID[t.GUID].Incarnation == t.Incarnation {
			delete(c.byGUID, t.GUID)
		}
	}
}
