package supervise

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestGroupGivenUp: when a worker of a group is given up, the workers that are
// about to restart or that wait stay down as well.
func TestGroupGivenUp(t *testing.T) {
	t.Parallel()
	p := planOf(
		spec("delayed", "exit 1", plain, func(sp *plan.Spec) { sp.Restart.Delay, sp.Restart.DelayMax = time.Hour, time.Hour }),
		spec("waits", "wait", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "last", Condition: "ready"}} }),
		spec("last", "exit 1", plain, func(sp *plan.Spec) {
			sp.Autostart, sp.Restart.Limit, sp.Ready = false, 1, plan.Ready{Kind: "line", Pattern: "never"}
		}),
	)
	s := open(t, p)
	s.saw("the delay", func(tr report.Event) bool {
		return tr.Name == "delayed" && tr.To == report.Backoff && tr.Incarnation == 2
	})
	grouped := *p // later, because a death in the group would end the delay
	grouped.Groups = []plan.Group{{Name: "g", Programs: []string{"delayed", "waits", "last"}, Strategy: plan.OneForAll}}
	if err := s.ApplyPlan(t.Context(), &grouped); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context(), "last"); err != nil {
		t.Fatal(err)
	}
	if w := s.one("last"); w.State != report.Fatal {
		t.Fatalf("%+v", w)
	}
	s.reaches("delayed", report.Stopped)
	for _, name := range []string{"delayed", "waits"} {
		if w := s.one(name); !strings.Contains(w.Reason, "its group g stops") {
			t.Errorf("%+v", w)
		}
	}
}
