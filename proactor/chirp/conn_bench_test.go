package chirp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
)

// What a small task and its answer look like.
var (
	benchHeader = []byte(`{"m":"sum","a":1,"d":5000}`)
	benchData   = []byte(`[1,2,3,4,5,6,7,8]`)
)

// BenchmarkPingPong keeps a number of messages outstanding; an op is one
// message there and its answer back, so messages/s is twice the ops. "chirp"
// answers where it reads, "goroutines" in one goroutine for each. "bare" is
// the same traffic by the plainest loop that frames can have: a length, a
// buffered reader, and a buffered writer that is flushed when no more is there
// to read.
func BenchmarkPingPong(b *testing.B) {
	for _, over := range []string{"socketpair", "tcp"} {
		for _, n := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d/chirp", over, n), func(b *testing.B) {
				x, y := streams[over](b)
				pingPong(b, x, y, n, false)
			})
			b.Run(fmt.Sprintf("%s/%d/goroutines", over, n), func(b *testing.B) {
				x, y := streams[over](b)
				pingPong(b, x, y, n, true)
			})
			b.Run(fmt.Sprintf("%s/%d/bare", over, n), func(b *testing.B) {
				x, y := streams[over](b)
				barePingPong(b, x, y, n)
			})
		}
	}
}

func pingPong(b *testing.B, x, y net.Conn, outstanding int, goroutines bool) {
	a, z := NewConn(x, ConnOptions{}), NewConn(y, ConnOptions{})
	hello(b, a, z)
	serve(b, z, func(m *Message) {
		if !goroutines {
			z.Send(*m)
			return
		}
		m.Own()
		answer := *m
		go z.Send(answer)
	})
	done := make(chan struct{})
	sent, got := min(outstanding, b.N), 0
	m := Message{Identity: NewID(), Header: benchHeader, Data: benchData}
	b.ReportAllocs()
	b.ResetTimer()
	serve(b, a, func(*Message) {
		if got++; got == b.N {
			close(done)
		}
		if sent < b.N {
			sent++
			a.Send(m)
		}
	})
	for range sent {
		a.Send(m)
	}
	<-done
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func barePingPong(b *testing.B, x, y net.Conn, outstanding int) {
	end := make(chan struct{})
	go func() {
		defer close(end)
		bare(y, 0, -1)
	}()
	b.ReportAllocs()
	b.ResetTimer()
	bare(x, min(outstanding, b.N), b.N)
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	x.Close()
	<-end
}

// bare sends first messages, then one for every one that comes, total in all;
// total -1 answers until the stream ends.
func bare(c net.Conn, first, total int) {
	r, w := bufio.NewReaderSize(c, readBuffer), bufio.NewWriterSize(c, readBuffer)
	payload := append(append([]byte{}, benchHeader...), benchData...)
	frame := append(binary.BigEndian.AppendUint32(make([]byte, 0, 100), uint32(23+len(payload))), make([]byte, 23)...)
	frame = append(frame, payload...)
	for range first {
		w.Write(frame)
	}
	in := make([]byte, 1<<16)
	for sent, got := first, 0; got != total; got++ {
		if r.Buffered() == 0 {
			w.Flush()
		}
		if _, err := io.ReadFull(r, in[:4]); err != nil {
			return
		}
		if _, err := io.ReadFull(r, in[:binary.BigEndian.Uint32(in)]); err != nil {
			return
		}
		if total < 0 || sent < total {
			sent++
			w.Write(frame)
		}
	}
	w.Flush()
}
