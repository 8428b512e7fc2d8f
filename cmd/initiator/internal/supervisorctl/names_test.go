package supervisorctl

import (
	"fmt"
	"testing"

	"initiator/initiator/report"
)

// FuzzProcessNames makes two pools of any names, groups and sizes, as a plan can have
// them: the names of definitions differ and have no colon. Then each worker has a name
// of its own, the pool's name is in it, and the order of the workers does not matter.
func FuzzProcessNames(f *testing.F) {
	f.Add("web", "", uint8(1), "db", "", uint8(2))
	f.Add("web", "web", uint8(1), "1", "web", uint8(1))
	f.Add("web", "", uint8(3), "1", "web", uint8(1))
	f.Add("web", "", uint8(1), "1", "web", uint8(0))
	f.Add("a", "g", uint8(1), "b", "g", uint8(2))
	f.Fuzz(func(t *testing.T, name, group string, size uint8, other, otherGroup string, otherSize uint8) {
		if !isPoolName(name) || !isPoolName(other) || name == other || group != "" && !isPoolName(group) || otherGroup != "" && !isPoolName(otherGroup) {
			t.Skip()
		}
		var all []report.Worker
		add := func(name, group string, size uint8) {
			for i := range int(size%5) + 1 {
				all = append(all, report.Worker{GUID: fmt.Sprint(name, "/", i), Name: name, Group: group, Index: i})
			}
		}
		add(name, group, size)
		add(other, otherGroup, otherSize)
		names := ProcessNames(all)
		owner := map[string]string{}
		for _, w := range all {
			got := names[w.GUID]
			if got == "" || owner[got] != "" {
				t.Errorf("%s and %s are both called %q", owner[got], w.GUID, got)
			}
			owner[got] = w.GUID
		}
		sorted := SortByName(all, names)
		reversed := make([]report.Worker, 0, len(all))
		for _, w := range all {
			reversed = append([]report.Worker{w}, reversed...)
		}
		for i, w := range SortByName(reversed, ProcessNames(reversed)) {
			if w.GUID != sorted[i].GUID {
				t.Errorf("place %d is %s or %s, by the order before", i, sorted[i].GUID, w.GUID)
			}
		}
	})
}

func isPoolName(s string) bool {
	for _, r := range s {
		if r == ':' || r < ' ' {
			return false
		}
	}
	return s != ""
}
