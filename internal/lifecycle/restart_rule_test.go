package lifecycle

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// A reason quotes "key = value" only where the file has the key.
func TestReasonsQuoteOnlyKeysOfTheFile(t *testing.T) {
	t.Parallel()
	exit := func(class report.ExitClass) deathFacts {
		return deathFacts{Class: class, EarlyDeath: true, Exit: "exit code 1", At: time.Unix(1000, 0)}
	}
	for name, c := range map[string]struct {
		policy plan.Restart
		death  deathFacts
		want   string
	}{
		"autorestart of the file":       {plan.Restart{Auto: "false"}, exit(report.ExitNonzero), "will not be restarted (autorestart = false)"},
		"autorestart by default":        {plan.Restart{Auto: "unexpected", Assumed: plan.AssumedRules{Auto: "autorestart is unexpected by default"}}, exit(report.ExitClean), "will not be restarted (autorestart is unexpected by default)"},
		"startretries of the file":      {plan.Restart{Auto: "true", Retries: 1}, exit(report.ExitNonzero), "given up: 1 death in a row before it was up (startretries = 1)"},
		"startretries of supervisord":   {plan.Restart{Auto: "true", Retries: 1, Assumed: plan.AssumedRules{Retries: "startretries = 0"}}, exit(report.ExitNonzero), "given up: 1 death in a row before it was up (startretries = 0)"},
		"starts of run":                 {plan.Restart{Auto: "true", Retries: 1, Assumed: plan.AssumedRules{Retries: "`initiator run` waits for at most 1 start"}}, exit(report.ExitNonzero), "(`initiator run` waits for at most 1 start)"},
		"restart_limit of the file":     {plan.Restart{Auto: "true", Limit: 1, Window: 10 * time.Minute}, exit(report.ExitNonzero), "given up: 1 death within 10m (restart_limit = 1/10min)"},
		"restart_limit that is implied": {plan.Restart{Auto: "true", Limit: 1, Window: time.Minute, Assumed: plan.AssumedRules{Limit: "restart_limit is 10/10min by default for on_fatal = shutdown"}}, exit(report.ExitNonzero), "(restart_limit is 10/10min by default for on_fatal = shutdown)"},
	} {
		_, decision := decideRestart(c.policy, DeathHistory{}, c.death, 0)
		if !strings.HasSuffix(decision.Reason, c.want) {
			t.Errorf("%s: %q, want %q", name, decision.Reason, c.want)
		}
	}
}
