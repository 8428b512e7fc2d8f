package main

import (
	"slices"
	"testing"

	"initiator/initiator/report"
)

// TestStatusNamesUnattributedProcesses: a few are named, and all are counted.
func TestStatusNamesUnattributedProcesses(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]string{
		"processes of no known worker: 1 nginx; a worker started them, and `initiator shutdown` ends them":                            {"1 nginx"},
		"processes of no known worker: 1 a, 2 b, 3 c, 4 d, 5 e and 1 more; a worker started them, and `initiator shutdown` ends them": {"1 a", "2 b", "3 c", "4 d", "5 e", "6 f"},
	} {
		if lines := statusSummary(report.Status{Unattributed: list}); !slices.Contains(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
	}
}
