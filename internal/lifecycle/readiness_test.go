package lifecycle

import (
	"strings"
	"testing"

	"initiator/internal/plan"
)

// TestReadinessLacks: the sentence names what the definition demands.
func TestReadinessLacks(t *testing.T) {
	for _, c := range []struct {
		ready    plan.Ready
		protocol string
		want     string
	}{
		{plan.Ready{Kind: "webhook"}, "webhook", "GET /ping"},
		{plan.Ready{Kind: "webhook"}, "ding", "connect"},
		{plan.Ready{Kind: "http", Path: "/health"}, "none", "GET /health"},
		{plan.Ready{Kind: "tcp"}, "none", "port"},
		{plan.Ready{Kind: "line", Pattern: "is up$"}, "none", `"is up$"`},
		{plan.Ready{Kind: "notify"}, "none", "READY=1"},
	} {
		if got := ReadinessLacks(&plan.Spec{Ready: c.ready, Protocol: c.protocol}); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q does not name %q", c.ready, got, c.want)
		}
	}
}
