//go:build unix

package client

import "testing"

func TestMissedEvents(t *testing.T) {
	for _, c := range []struct{ last, seq, want uint64 }{
		{0, 1, 0},
		{0, 700, 0},   // the oldest that the initiator remembers
		{Now, 700, 0}, // the next
		{699, 700, 0},
		{690, 700, 9},
		{700, 700, 0},
		{900, 3, 0}, // another initiator counts from 1
	} {
		if got := missedEvents(c.last, c.seq); got != c.want {
			t.Errorf("%d after %d: %d are missing, want %d", c.seq, c.last, got, c.want)
		}
	}
}
