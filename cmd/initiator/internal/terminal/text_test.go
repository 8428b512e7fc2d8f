package terminal

import (
	"strings"
	"testing"
)

func TestWrapWords(t *testing.T) {
	for width, want := range map[int]string{
		0: "stopping 3 workers, at most 40 s", 80: "stopping 3 workers, at most 40 s",
		20: "stopping 3 workers,|at most 40 s", 3: "stopping|3|workers,|at|most|40|s",
	} {
		if got := strings.Join(WrapWords("stopping 3 workers, at most 40 s", width), "|"); got != want {
			t.Errorf("at %d columns: %s, want %s", width, got, want)
		}
	}
}

func TestJoinNamesCountsTheRest(t *testing.T) {
	if got := JoinNames([]string{"a", "b"}); got != "a, b" {
		t.Error(got)
	}
	if got := JoinNames([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}
