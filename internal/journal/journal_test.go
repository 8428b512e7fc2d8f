package journal

import (
	"testing"

	"initiator/initiator/report"
)

func TestSince(t *testing.T) {
	t.Parallel()
	j := New(7)
	if list, _ := j.Since(0); len(list) != 0 || j.LastSeq() != 7 {
		t.Errorf("a new journal has %v, last %d", list, j.LastSeq())
	}
	_, more := j.Since(7)
	j.AddTransition(report.Event{Seq: 8})
	<-more
	j.AddTransition(report.Event{Seq: 9})
	if list, _ := j.Since(8); len(list) != 1 || list[0].Seq != 9 || j.LastSeq() != 9 {
		t.Errorf("since 8: %v, last %d", list, j.LastSeq())
	}
}

// The oldest transitions are dropped, and the newest size are always held.
func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	j := New(0)
	for seq := uint64(1); seq <= 3*size; seq++ {
		j.AddTransition(report.Event{Seq: seq})
	}
	list, _ := j.Since(0)
	if len(list) < size || len(list) > 2*size || list[len(list)-1].Seq != 3*size {
		t.Errorf("%d transitions, the last is %d", len(list), list[len(list)-1].Seq)
	}
}
