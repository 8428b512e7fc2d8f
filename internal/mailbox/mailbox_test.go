package mailbox_test

import (
	"slices"
	"sync"
	"testing"

	"initiator/internal/mailbox"
)

func TestTakeReturnsItemsInTheOrderOfPut(t *testing.T) {
	t.Parallel()
	m := mailbox.New[int]()
	var batch []int
	for round := range 3 {
		for n := range 10 {
			if !m.Put(10*round + n) {
				t.Fatal("an open mailbox refused an item")
			}
		}
		batch = m.Take(batch)
		if len(batch) != 10 || batch[0] != 10*round || !slices.IsSorted(batch) {
			t.Errorf("round %d: Take returned %v", round, batch)
		}
	}
	if rest := m.Take(nil); len(rest) != 0 {
		t.Errorf("Take of an empty mailbox returned %v", rest)
	}
}

func TestTakeClearsTheSpareSlice(t *testing.T) {
	t.Parallel()
	m := mailbox.New[*int]()
	m.Put(new(int))
	batch := m.Take(nil)
	m.Take(batch)
	if batch[0] != nil {
		t.Error("the spare slice keeps an item alive that was handled")
	}
}

func TestOneWakeupServesManyPuts(t *testing.T) {
	t.Parallel()
	m := mailbox.New[int]()
	for n := range 100 {
		m.Put(n) // never blocks, although no receiver listens
	}
	<-m.Wakeup()
	if items := m.Take(nil); len(items) != 100 {
		t.Errorf("Take returned %d items, want 100", len(items))
	}
	select {
	case <-m.Wakeup():
		t.Error("a second wakeup without a second Put")
	default:
	}
}

func TestCloseReturnsTheUntakenItemsOnce(t *testing.T) {
	t.Parallel()
	m := mailbox.New[int]()
	m.Put(1)
	m.Take(nil)
	m.Put(2)
	if rest := m.Close(); !slices.Equal(rest, []int{2}) {
		t.Errorf("Close returned %v, want [2]", rest)
	}
	if m.Put(3) {
		t.Error("Put after Close returned true")
	}
	if rest := append(m.Close(), m.Take(nil)...); len(rest) != 0 {
		t.Errorf("after Close the mailbox still held %v", rest)
	}
}

// TestEveryItemIsTakenOrReturnedByClose lets many senders race with Close: an
// item for which Put returned true is delivered exactly once.
func TestEveryItemIsTakenOrReturnedByClose(t *testing.T) {
	t.Parallel()
	m := mailbox.New[int]()
	const senders, each = 8, 1000
	var accepted sync.Map
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			for n := range each {
				if item := s*each + n; m.Put(item) {
					accepted.Store(item, true)
				}
			}
		})
	}
	var got, batch []int
	for len(got) < each {
		<-m.Wakeup()
		batch = m.Take(batch)
		got = append(got, batch...)
	}
	got = append(got, m.Close()...)
	group.Wait()
	for _, item := range got {
		if _, found := accepted.LoadAndDelete(item); !found {
			t.Errorf("item %d was delivered twice, or was refused", item)
		}
	}
	accepted.Range(func(item, _ any) bool {
		t.Errorf("item %v was accepted and never delivered", item)
		return true
	})
}
