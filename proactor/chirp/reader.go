package chirp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// readBuffer is the default buffer size. It holds many small messages, so that
// one system call reads all messages that a busy sender wrote together.
const readBuffer = 64 << 10

// minReadBuffer is the smallest buffer size: a small message must fit.
const minReadBuffer = 1 << 10

// firstChunk is the memory that an announced message gets before any of its
// bytes have arrived. It doubles with the bytes that arrive.
const firstChunk = 64 << 10

// frameReader reads messages from a stream. One goroutine uses it.
type frameReader struct {
	buf   *bufio.Reader
	limit int
}

// newReader returns a reader for r. limit is the largest sum of header and data
// of a message; 0 = [MaxMessage].
func newReader(r io.Reader, limit int) *frameReader {
	if limit <= 0 {
		limit = MaxMessage
	}
	return newReaderSize(r, limit, readBuffer)
}

func newReaderSize(r io.Reader, limit, buffer int) *frameReader {
	return &frameReader{buf: bufio.NewReaderSize(r, max(buffer, minReadBuffer)), limit: limit}
}

// readHandshake reads the handshake of the remote end. io.EOF means that the
// other side closed the stream before its first byte.
func (r *frameReader) readHandshake() (Handshake, error) {
	p, err := r.buf.Peek(HandshakeSize)
	if err == io.EOF && len(p) > 0 {
		return Handshake{}, &ProtocolError{Fault: ShortHandshake}
	}
	if err != nil {
		return Handshake{}, readError("read handshake", err)
	}
	h := parseHandshake(p)
	r.buf.Discard(HandshakeSize)
	return h, nil
}

// readMessage reads one message into m. Header and Data belong to the reader
// and are valid until the next call; [Message.Own] keeps them. Errors: io.EOF
// when the remote end closed the stream between two messages;
// io.ErrUnexpectedEOF, wrapped, when it did so inside a message; a
// *[ProtocolError] when it broke the protocol.
func (r *frameReader) readMessage(m *Message) error {
	p, err := r.buf.Peek(HeadSize)
	if err != nil {
		return r.cutError(len(p), err)
	}
	h := parseHead(p)
	if err := h.check(r.limit); err != nil {
		return err
	}
	m.Identity, m.Serial, m.Type = h.Identity, h.Serial, h.Type
	if h.Size() > int64(r.buf.Size()-HeadSize) {
		return r.readLarge(m, h)
	}
	return r.readSmall(m, h)
}

// hasMessage reports whether the next message has arrived completely, so that
// readMessage will not wait.
func (r *frameReader) hasMessage() bool {
	n := r.buf.Buffered()
	if n < HeadSize {
		return false
	}
	p, _ := r.buf.Peek(HeadSize)
	return int64(n-HeadSize) >= parseHead(p).Size()
}

// readSmall reads a message that fits in the buffer, and leaves it there.
func (r *frameReader) readSmall(m *Message, h Head) error {
	n := HeadSize + int(h.Size())
	p, err := r.buf.Peek(n)
	if err != nil {
		return r.cutError(len(p), err)
	}
	r.buf.Discard(n)
	r.splitBody(m, h, p[HeadSize:])
	m.owned = false
	return nil
}

// readLarge reads a message into memory of its own, which grows with the bytes
// that arrive: a head that announces 100 MiB must not cost 100 MiB.
func (r *frameReader) readLarge(m *Message, h Head) error {
	r.buf.Discard(HeadSize)
	want := int(h.Size())
	p := make([]byte, 0, min(want, firstChunk))
	for len(p) < want {
		if len(p) == cap(p) {
			p = append(make([]byte, 0, min(want, 2*cap(p))), p...)
		}
		n, err := r.buf.Read(p[len(p):cap(p)])
		p = p[:len(p)+n]
		if err != nil {
			return r.cutError(HeadSize+len(p), err)
		}
	}
	r.splitBody(m, h, p)
	m.owned = true
	return nil
}

// splitBody divides body into header and data. Both are clipped, so that an
// append to the header cannot overwrite the data.
func (r *frameReader) splitBody(m *Message, h Head, body []byte) {
	n := int(h.Header)
	m.Header, m.Data = body[:n:n], body[n:len(body):len(body)]
}

// cutError returns the error of a stream that ended after got bytes of a
// message.
func (r *frameReader) cutError(got int, err error) error {
	if errors.Is(err, io.EOF) && got > 0 {
		err = io.ErrUnexpectedEOF
	}
	return readError("read message", err)
}

// readError keeps a bare io.EOF, which is not a fault.
func readError(what string, err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("%s: %w", what, err)
}
