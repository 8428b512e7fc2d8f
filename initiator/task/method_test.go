package task_test

import (
	"slices"
	"testing"

	"initiator/initiator/task"
)

func TestSplitMethodTakesTheLongestPool(t *testing.T) {
	t.Parallel()
	pools := []string{"add", "a.b", "a"}
	isPool := func(name string) bool { return slices.Contains(pools, name) }
	tests := []struct {
		name, pool, method string
		ok                 bool
	}{
		{"add", "add", "", true},
		{"add.", "add", "", true},
		{"add.Sum", "add", "Sum", true},
		{"add.Sum.Fast", "add", "Sum.Fast", true},
		{"a.b", "a.b", "", true},
		{"a.b.c", "a.b", "c", true},
		{"a.c", "a", "c", true},
		{"other.Sum", "", "", false},
		{".add", "", "", false},
		{"", "", "", false},
	}
	for _, test := range tests {
		pool, method, ok := task.SplitMethod(test.name, isPool)
		if pool != test.pool || method != test.method || ok != test.ok {
			t.Errorf("%q: got %q, %q, %v", test.name, pool, method, ok)
		}
	}
}
