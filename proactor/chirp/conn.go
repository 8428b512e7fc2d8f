package chirp

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// closeTimeout is how long a connection that ends waits for the other side: to take
// what was queued, or to have its last words read.
const closeTimeout = time.Second

// ConnOptions are a Conn's settings; the zero value works.
type ConnOptions struct {
	// Handshake is our handshake.
	Handshake Handshake
	// MaxMessage is the most bytes of header and data; 0 means [MaxMessage].
	// It holds for both directions.
	MaxMessage int
	// Backlog is the most bytes that may wait to be written; 0 means 64 MiB.
	Backlog int
	// ReadBuffer is how many bytes are read ahead; 0 means 64 KiB. Whoever
	// has a thousand connections, most of them idle, takes less.
	ReadBuffer int
	// OnReadIdle, if it is set, is called by Serve when it has received all that has
	// arrived, and before it waits for more; and, if there was any, before it
	// returns. So what came together can be handled together.
	OnReadIdle func()
}

// Conn carries messages over one stream that somebody else has connected and
// authorised. It asks for no ACK and knows no timeouts: whoever uses it counts
// credits and hears heartbeats. Life: [Conn.Hello], then [Conn.Serve] in a
// goroutine of the caller's, with [Conn.Send] and [Conn.Close] from anywhere.
type Conn struct {
	nc         net.Conn
	handshake  Handshake
	reader     *frameReader
	writer     *frameWriter
	onReadIdle func()
	state      atomic.Int32
}

// What a Conn's state can be. It only rises.
const (
	stateIdle    = iota // made; no goroutine yet
	stateServing        // Serve runs
	stateClosing        // Close was called
)

// NewConn makes a Conn of a connected stream, which it owns from now on. No
// byte is read or written yet.
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

// ExchangeHandshakes says our handshake and waits for the other side's. When ctx ends first,
// or on any error, the stream is closed. Call it once, before Serve.
func (c *Conn) ExchangeHandshakes(ctx context.Context) (Handshake, error) {
	theirs, err := exchangeHandshakes(ctx, c.nc, c.reader, c.handshake)
	if err != nil {
		c.nc.Close()
	}
	return theirs, err
}

// exchangeHandshakes exchanges handshakes. Both sides speak first, so writing must not wait
// for reading: a stream without a buffer of its own would stand still.
func exchangeHandshakes(ctx context.Context, nc net.Conn, r *frameReader, ours Handshake) (Handshake, error) {
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	wrote := make(chan error, 1)
	go func() {
		_, err := nc.Write(ours.Bytes())
		wrote <- err
	}()
	theirs, err := r.readHandshake()
	if err != nil {
		nc.SetWriteDeadline(time.Unix(1, 0)) // ends the write, if it still hangs
	}
	if werr := <-wrote; err == nil && werr != nil {
		err = readError("write handshake", werr)
	}
	if !stop() {
		return Handshake{}, readError("exchange handshakes", context.Cause(ctx))
	}
	return theirs, err
}

// Send queues a message and returns; it never waits for the other side, and
// what is ready together is written together. Header and Data are copied. Type
// and Serial are ignored. Errors: *[SizeError] and [ErrBacklog] (the connection
// stands), or why the connection has ended. nil does not say that the message
// has arrived: its answer does. Any goroutine may call it, Serve's callback too.
func (c *Conn) Send(m Message) error {
	m.Type = 0
	return c.writer.queueMessage(&m)
}

// SendNoop queues a NOOP, ahead of all data: it says only that we are here.
func (c *Conn) SendNoop() error { return c.writer.queueMessage(&Message{Type: Noop}) }

// Serve reads messages and gives each to receive, in order, until the
// connection ends; then it returns why: nil after Close, io.EOF when the other
// side hung up, a *[ProtocolError], or the stream's error. The stream is closed
// and no goroutine is left. receive must not block, for nothing is read
// meanwhile; the message and its bytes are good until it returns ([Message.Own]
// keeps them). When the other side asks for an ACK, it gets one then. Call it
// once.
func (c *Conn) Serve(receive func(*Message)) error {
	if !c.state.CompareAndSwap(stateIdle, stateServing) {
		return nil // closed before it began
	}
	wrote := make(chan error, 1)
	go func() { wrote <- c.runWriter() }()
	err := c.readMessages(receive)
	c.nc.Close()
	c.writer.endWith(c.endReason(err, nil))
	return c.endReason(err, <-wrote)
}

// runWriter writes until the end. A failed write does not close the stream: what
// the other side said before it went, a result perhaps, is still to be read.
func (c *Conn) runWriter() error {
	err := c.writer.run()
	if err == nil || c.state.Load() == stateClosing {
		c.nc.Close()
	} else {
		c.nc.SetReadDeadline(time.Now().Add(closeTimeout))
	}
	return err
}

// readMessages is Serve's loop.
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

// endReason chooses the error that came first: our own Close explains any other,
// and a failed write explains a read that its deadline or its close has ended.
func (c *Conn) endReason(read, wrote error) error {
	switch {
	case c.state.Load() == stateClosing:
		return nil
	case wrote != nil && (errors.Is(read, os.ErrDeadlineExceeded) || errors.Is(read, net.ErrClosed)):
		return wrote
	}
	return read
}

// Close lets Serve write what is queued, for a second at most, close the stream
// and return; it does not wait for that. Before Serve has begun it closes the
// stream at once. It may be called at any time, by anybody, again and again.
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
