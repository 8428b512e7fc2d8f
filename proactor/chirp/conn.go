package chirp

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// closeTimeout is how long a connection that ends waits for the remote end: to
// take the queued messages, or until its last messages are read.
const closeTimeout = time.Second

// ConnOptions are the settings of a Conn. The zero value works.
type ConnOptions struct {
	// Handshake is the handshake of this side.
	Handshake Handshake
	// MaxMessage is the largest sum of header and data in bytes, for both
	// directions; 0 = [MaxMessage].
	MaxMessage int
	// Backlog is the largest number of bytes that may wait to be written; 0 =
	// 64 MiB.
	Backlog int
	// ReadBuffer is the size of the read buffer in bytes; 0 = 64 KiB. A program
	// with a thousand mostly idle connections sets less.
	ReadBuffer int
	// OnReadIdle is called by Serve each time it has received everything that
	// has arrived, before it waits for more or returns. A receiver uses it to
	// handle together what arrived together. nil = ignored.
	OnReadIdle func()
}

// Conn carries messages over one stream that the caller has connected and
// authorised. It asks for no ACK and has no timeouts: the layer above counts
// credits and sends heartbeats. The order of calls is
// [Conn.ExchangeHandshakes], then [Conn.Serve] in a goroutine of the caller;
// [Conn.Send] and [Conn.Close] may be called by any goroutine.
type Conn struct {
	nc         net.Conn
	handshake  Handshake
	reader     *frameReader
	writer     *frameWriter
	onReadIdle func()
	state      atomic.Int32
}

// These are the states of a Conn. The state only rises.
const (
	stateIdle    = iota // no goroutine runs
	stateServing        // Serve runs
	stateClosing        // Close was called
)

// NewConn returns a Conn over a connected stream, and takes ownership of the
// stream. It does not read or write yet.
func NewConn(nc net.Conn, o ConnOptions) *Conn {
	if o.MaxMessage <= 0 {
		o.MaxMessage = MaxMessage
	}
	if o.ReadBuffer <= 0 {
		o.ReadBuffer = readBuffer
	}
	return &Conn{
		nc:         nc,
		handshake:  o.Handshake,
		reader:     newReaderSize(nc, o.MaxMessage, o.ReadBuffer),
		writer:     newWriter(nc, o.MaxMessage, o.Backlog),
		onReadIdle: o.OnReadIdle,
	}
}

// ExchangeHandshakes sends the handshake of this side and returns that of the
// other side. On an error, and when ctx ends first, it closes the stream. Call
// it once, before Serve.
func (c *Conn) ExchangeHandshakes(ctx context.Context) (Handshake, error) {
	theirs, err := exchangeHandshakes(ctx, c.nc, c.reader, c.handshake)
	if err != nil {
		c.nc.Close()
	}
	return theirs, err
}

// exchangeHandshakes sends and receives the handshakes at the same time. Both
// sides send first, and on a stream without a buffer a write does not return
// until the remote end reads.
func exchangeHandshakes(ctx context.Context, nc net.Conn, r *frameReader, ours Handshake) (Handshake, error) {
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	wrote := make(chan error, 1)
	go func() {
		_, err := nc.Write(ours.Bytes())
		wrote <- err
	}()
	theirs, err := r.readHandshake()
	if err != nil {
		nc.SetWriteDeadline(time.Unix(1, 0)) // ends a write that still hangs
	}
	if werr := <-wrote; err == nil && werr != nil {
		err = readError("write handshake", werr)
	}
	// The end of ctx may have closed the connection before it set the deadline.
	if !stop() || err != nil && ctx.Err() != nil {
		return Handshake{}, readError("exchange handshakes", context.Cause(ctx))
	}
	return theirs, err
}

// Send queues a message. It never waits for the remote end; messages that are
// ready together are written together. Header and Data are copied. Type and
// Serial are ignored. Errors: *[SizeError] and [ErrBacklog], after which the
// connection still works, or the reason for which the connection has ended. A
// nil error does not mean that the message has arrived; its answer does. Any
// goroutine may call Send, also the callback of Serve.
func (c *Conn) Send(m Message) error {
	m.Type = 0
	return c.writer.queueMessage(&m)
}

// SendNoop queues a NOOP, ahead of all data. It shows the remote end only that
// this side is reachable.
func (c *Conn) SendNoop() error { return c.writer.queueMessage(&Message{Type: Noop}) }

// Serve reads messages and calls receive with each, in order, until the
// connection ends. It returns the reason: nil after Close, io.EOF when the
// other side closed the stream, a *[ProtocolError], or the error of the stream.
// The stream is then closed and no goroutine is left. receive must not block,
// because nothing is read meanwhile. The message and its bytes are valid until
// receive returns; [Message.Own] keeps them. A message that asks for an ACK is
// acknowledged when receive returns. Call Serve once.
func (c *Conn) Serve(receive func(*Message)) error {
	if !c.state.CompareAndSwap(stateIdle, stateServing) {
		return nil // Close was called before
	}
	wrote := make(chan error, 1)
	go func() { wrote <- c.runWriter() }()
	err := c.readMessages(receive)
	c.nc.Close()
	c.writer.endWith(c.endReason(err, nil))
	return c.endReason(err, <-wrote)
}

// runWriter writes until the connection ends. A failed write does not close the
// stream at once: the remote end may have sent a result before it closed, and
// that is still read.
func (c *Conn) runWriter() error {
	err := c.writer.run()
	if err == nil || c.state.Load() == stateClosing {
		c.nc.Close()
	} else {
		c.nc.SetReadDeadline(time.Now().Add(closeTimeout))
	}
	return err
}

// readMessages is the loop of Serve.
func (c *Conn) readMessages(receive func(*Message)) error {
	var m Message
	heard := false
	rest := func() {
		if heard && c.onReadIdle != nil {
			c.onReadIdle()
		}
		heard = false
	}
	defer rest()
	for {
		if !c.reader.hasMessage() {
			rest()
		}
		if err := c.reader.readMessage(&m); err != nil {
			return err
		}
		switch {
		case m.Type&Ack != 0:
			return &ProtocolError{UnexpectedAck, m.makeHead()}
		case m.Type&Noop != 0:
			continue
		}
		id, asks := m.Identity, m.Type&ReqAck != 0
		receive(&m)
		heard = true
		if !asks {
			continue
		}
		if err := c.writer.queueMessage(&Message{Identity: id, Type: Ack}); err != nil {
			return err
		}
	}
}

// endReason returns the error that came first. A Close of this side explains
// every other error. A failed write explains a read that ended by its deadline
// or because the stream was closed.
func (c *Conn) endReason(read, wrote error) error {
	switch {
	case c.state.Load() == stateClosing:
		return nil
	case wrote != nil && (errors.Is(read, os.ErrDeadlineExceeded) || errors.Is(read, net.ErrClosed)):
		return wrote
	}
	return read
}

// Close makes Serve write what is queued, for at most a second, close the
// stream and return. Close does not wait for that. Before Serve has begun, it
// closes the stream at once. Any goroutine may call it, at any time, more than
// once.
func (c *Conn) Close() {
	switch c.state.Swap(stateClosing) {
	case stateIdle:
		c.nc.Close()
		c.writer.endWith(nil)
	case stateServing:
		c.nc.SetWriteDeadline(time.Now().Add(closeTimeout))
		c.writer.closeQueue()
	}
}
