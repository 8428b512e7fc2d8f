//go:build unix

package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// TestFinishedTasksAgreeWithList compares the ring with a plain list.
func TestFinishedTasksAgreeWithList(t *testing.T) {
	t.Parallel()
	type kept struct {
		key attemptKey
		at  time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		var m finishedTasks
		var list []kept // oldest first
		now := time.Now()
		key := rapid.Custom(func(t *rapid.T) attemptKey {
			return attemptKey{keyID(fmt.Sprint(rapid.IntRange(0, 300).Draw(t, "id"))), 1}
		})
		without := func(k attemptKey) {
			for i := range list {
				if list[i].key == k {
					list = append(list[:i:i], list[i+1:]...)
					return
				}
			}
		}
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				k := key.Draw(t, "dropped")
				m.forgetTask(k)
				without(k)
			case 1:
				now = now.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "minutes")) * time.Minute)
			default:
				k := key.Draw(t, "added")
				if _, known := m.findOutcome(k, func() time.Time { return now }); known {
					continue // such a task would not run again
				}
				without(k)
				m.addTask(k, taskOutcome{Result: k.id[:]}, now)
				list = append(list, kept{k, now})
			}
			for len(list) > 0 && now.Sub(list[0].at) >= rememberFor {
				list = list[1:]
			}
			for _, e := range list {
				o, ok := m.findOutcome(e.key, func() time.Time { return now })
				if !ok || uuid.UUID(o.Result) != e.key.id {
					t.Fatalf("%v is forgotten, or another's: %v", e, o)
				}
			}
			m.evictOldest(now)
			if len(m.place) != len(list) {
				t.Fatalf("%d places for %d", len(m.place), len(list))
			}
		}
	})
}

func TestIDWithoutUUIDHasItsOwnKey(t *testing.T) {
	t.Parallel()
	u := uuid.New()
	if keyID(u.String()) != u {
		t.Error("a UUID is not itself")
	}
	seen := map[uuid.UUID]string{}
	for _, id := range []string{"", "1", "2", "direct-1", u.String() + " ", "urn:uuid:" + u.String(), u.String()[:35] + "x"} {
		k := keyID(id)
		if other, taken := seen[k]; taken {
			t.Errorf("%q and %q have one key", id, other)
		}
		seen[k] = id
	}
}
