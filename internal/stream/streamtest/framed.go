// Package streamtest is the reference that benchmarks compare a stream with:
// bare frames, pipelined over one socket, with no meaning attached. A frame is
// a length and a number of four bytes each, big endian, and then data.
package streamtest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// maxData is the largest number of data bytes in a frame.
const maxData = 1 << 10

// NewCaller returns a function that sends data in one frame over nc and waits
// for the answer with the same number. Any number of goroutines may call it. nc
// is closed when the benchmark ends.
func NewCaller(tb testing.TB, nc net.Conn, data []byte) (once func() error) {
	f := &pipelinedClient{nc: nc, data: data, waits: map[uint32]chan struct{}{}, wakeup: make(chan struct{}, 1)}
	var both sync.WaitGroup
	both.Go(f.runReader)
	both.Go(f.runWriter)
	tb.Cleanup(func() {
		close(f.wakeup)
		nc.Close()
		both.Wait()
	})
	return f.callOnce
}

type pipelinedClient struct {
	nc     net.Conn
	data   []byte
	next   atomic.Uint32
	mu     sync.Mutex
	out    []byte
	waits  map[uint32]chan struct{}
	wakeup chan struct{}
}

func (f *pipelinedClient) callOnce() error {
	n, done := f.next.Add(1), make(chan struct{})
	f.mu.Lock()
	f.waits[n] = done
	f.out = binary.BigEndian.AppendUint32(f.out, uint32(len(f.data)))
	f.out = append(binary.BigEndian.AppendUint32(f.out, n), f.data...)
	f.mu.Unlock()
	select {
	case f.wakeup <- struct{}{}:
	default:
	}
	<-done
	return nil
}

// runWriter writes everything that waits with one write.
func (f *pipelinedClient) runWriter() {
	var spare []byte
	for range f.wakeup {
		f.mu.Lock()
		out := f.out
		f.out = spare[:0]
		f.mu.Unlock()
		if _, err := f.nc.Write(out); err != nil {
			return
		}
		spare = out
	}
}

func (f *pipelinedClient) runReader() {
	r, head, data := bufio.NewReaderSize(f.nc, 64<<10), make([]byte, 8), make([]byte, maxData)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		if _, err := io.ReadFull(r, data[:binary.BigEndian.Uint32(head)]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[4:])
		f.mu.Lock()
		done := f.waits[n]
		delete(f.waits, n)
		f.mu.Unlock()
		close(done)
	}
}

// Relay forwards frames from one connection to another, and flushes when
// nothing more is ready to read. With the same connection on both ends it
// echoes. It returns when either connection is closed.
func Relay(to io.Writer, from io.Reader) {
	r, w := bufio.NewReaderSize(from, 64<<10), bufio.NewWriterSize(to, 64<<10)
	buf := make([]byte, 8+maxData)
	for {
		if _, err := io.ReadFull(r, buf[:8]); err != nil {
			return
		}
		n := 8 + int(binary.BigEndian.Uint32(buf))
		if _, err := io.ReadFull(r, buf[8:n]); err != nil {
			return
		}
		_, _ = w.Write(buf[:n])
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}
