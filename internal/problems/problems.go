package problems

import (
	"slices"
	"strings"
	"sync"
	"time"

	"initiator/initiator/report"
)

// List has at most one problem of each name. The zero value is an empty list. Any
// goroutine may call its methods.
type List struct {
	mu  sync.Mutex
	all []report.Problem
}

// Add adds a problem, or gives the problem of this name another reason. It reports
// whether that is news, which the caller then logs.
func (l *List) Add(name, reason string) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.all, func(p report.Problem) bool { return p.Name == name })
	if i < 0 {
		l.all = append(l.all, report.Problem{Name: name, Reason: reason, Since: time.Now()})
		slices.SortFunc(l.all, func(a, b report.Problem) int { return strings.Compare(a.Name, b.Name) })
		return true
	}
	news = l.all[i].Reason != reason
	l.all[i].Reason = reason
	return news
}

// Remove removes the problem of a name. It reports whether there was one.
func (l *List) Remove(name string) (was bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.all)
	l.all = slices.DeleteFunc(l.all, func(p report.Problem) bool { return p.Name == name })
	return len(l.all) < n
}

// All returns the problems, sorted by name.
func (l *List) All() []report.Problem {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}
