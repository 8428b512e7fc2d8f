package chirp

import (
	"net"
	"testing"

	"pgregory.net/rapid"
)

// TestOnReadIdleFollowsEverythingThatArrived: however the bytes come, every message is
// followed by a call of OnReadIdle before Serve waits for more, and there is none
// without a message before it.
func TestOnReadIdleFollowsEverythingThatArrived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bytes []byte
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 20).Draw(t, "sizes")
		for _, size := range sizes {
			bytes = (&Message{Data: make([]byte, size)}).appendTo(bytes)
		}
		near, far := net.Pipe()
		type mark struct{ messages, lulls int }
		var seen mark
		fresh, quiet := 0, make(chan mark, len(bytes)+2)
		c := NewConn(near, ConnOptions{ReadBuffer: 1 << 10, OnReadIdle: func() {
			if fresh == 0 {
				t.Error("OnReadIdle was called after nothing")
			}
			fresh = 0
			seen.lulls++
			quiet <- seen
		}})
		ended := make(chan error, 1)
		go func() {
			ended <- c.Serve(func(*Message) {
				seen.messages++
				fresh++
			})
		}()
		for rest := bytes; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if _, err := far.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for (<-quiet).messages < len(sizes) { // and nothing has been hung up yet
		}
		far.Close()
		<-ended
		if fresh != 0 {
			t.Errorf("%d messages without a call of OnReadIdle", fresh)
		}
	})
}
