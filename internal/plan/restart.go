package plan

import (
	"fmt"
	"slices"
	"time"
)

// AutoRestartUnexpected is the autorestart of a worker that may end by itself.
const AutoRestartUnexpected = "unexpected"

// impliedRestartLimit is the restart_limit of a worker whose end ends the
// initiator. Otherwise a worker that dies again and again would never end it.
const impliedRestartLimit = "10/10min"

// settleRestart fills in the keys of the restart policy that the file leaves
// open.
func (d *draft) settleRestart(s *Spec) {
	section, r := "worker:"+s.Name, &s.Restart
	if d.cfg.Section(section) != nil && s.Contract && !d.isGiven(section, "autorestart") && !d.plan.awaitsEnd(s.Name) {
		r.Auto, r.AutoAssumed = "true", true
	}
	if !d.isGiven(section, "autorestart") {
		r.Assumed.Auto = assumedAuto(r.Auto)
	}
	r.LimitAssumed = !d.isGiven(section, "restart_limit")
	if r.LimitAssumed && r.OnFatal == "shutdown" {
		r.implyLimit("for on_fatal = shutdown")
	}
}

// assumedAuto names the autorestart of a worker whose file does not set it.
func assumedAuto(value string) string { return "autorestart is " + value + " by default" }

// implyLimit sets the limit of a worker whose end ends the initiator. reason is why
// its end does that.
func (r *Restart) implyLimit(reason string) {
	r.Assumed.Limit = "restart_limit is " + impliedRestartLimit + " by default " + reason
	r.Limit, r.Window, _ = parseRate(impliedRestartLimit) // a constant
	r.LimitAssumed = false
}

// RateText writes restart_limit for people, as the INI can have it: "10/10min".
func RateText(limit int, window time.Duration) string {
	return fmt.Sprintf("%d/%s", limit, durationText(window))
}

// awaitsEnd reports whether a worker starts after the end of the named worker.
func (p *Plan) awaitsEnd(name string) bool {
	return slices.ContainsFunc(p.Workers, func(s Spec) bool {
		return slices.ContainsFunc(s.After, func(d Dependency) bool {
			return d.Name == name && (d.Condition == "completed" || d.Condition == "completed_successfully")
		})
	})
}

// WithMain returns the plan for an initiator that ends when the named worker has
// ended for good. Where the file says nothing else, that worker is not restarted
// after a clean exit, and is given up after repeated deaths.
func (p *Plan) WithMain(name string) *Plan {
	made := *p
	made.Workers = slices.Clone(p.Workers)
	s, ok := made.FindSpec(name)
	if !ok {
		return p
	}
	if r := &s.Restart; r.AutoAssumed {
		r.Auto, r.AutoAssumed = AutoRestartUnexpected, false
		r.Assumed.Auto = assumedAuto(r.Auto) + " for the worker of --main"
	}
	if s.Restart.LimitAssumed {
		s.Restart.implyLimit("for the worker of --main")
	}
	return &made
}

// WithStartRetries returns the plan with a startretries for each worker that has
// none.
func (p *Plan) WithStartRetries(n int) *Plan {
	made := *p
	made.Workers = slices.Clone(p.Workers)
	for i := range made.Workers {
		if r := &made.Workers[i].Restart; r.Retries == 0 {
			r.Retries = n
			r.Assumed.Retries = fmt.Sprintf("`initiator run` waits for at most %d starts", n)
		}
	}
	return &made
}
