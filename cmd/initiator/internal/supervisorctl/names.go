package supervisorctl

import (
	"slices"
	"strconv"
	"strings"

	"initiator/initiator/report"
)

// ProcessNames returns supervisorctl's names of the workers, by guid. A pool of
// several workers is a group whose processes are numbers. Pass all workers,
// also to name only some of them: the names depend on the size of the pools. A
// worker of a group that has the name of such a pool is shown without the
// group: worker 1 of group web is not process 1 of pool web.
func ProcessNames(all []report.Worker) (names map[string]string) {
	pool, several := map[string]int{}, map[string]bool{}
	for _, w := range all {
		pool[w.Name]++
		several[w.Name] = several[w.Name] || pool[w.Name] > 1 || w.Index > 0
	}
	names = map[string]string{}
	for _, w := range all {
		switch {
		case several[w.Name]:
			names[w.GUID] = w.Name + ":" + strconv.Itoa(w.Index)
		case w.Group != "" && w.Group != w.Name && !several[w.Group] && !strings.HasPrefix(w.Name, w.Group+":"):
			names[w.GUID] = w.Group + ":" + w.Name
		default:
			names[w.GUID] = w.Name
		}
	}
	return names
}

// SortByName returns the workers in supervisorctl's order.
func SortByName(list []report.Worker, names map[string]string) (sorted []report.Worker) {
	sorted = slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b report.Worker) int {
		return strings.Compare(names[a.GUID], names[b.GUID])
	})
	return sorted
}
