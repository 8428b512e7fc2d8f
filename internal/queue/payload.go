package queue

import (
	"fmt"
	"io"

	"initiator/internal/queue/store"
)

// payload is the data or the result of a task: a JSON text in memory, or in a
// stored record. The zero value is no text.
type payload struct {
	text []byte
	from *store.Record // nil = the text is in memory
	at   int64         // position in the record
	size int64         // bytes in the record
}

// length returns the number of bytes.
func (p *payload) length() int64 {
	if p.from == nil {
		return int64(len(p.text))
	}
	return p.size
}

// copyText returns a copy of the text, because the buffer of a record is reused;
// nil for an empty text. The text must be in memory.
func (p *payload) copyText() []byte { return append([]byte(nil), p.text...) }

// readText returns the whole text.
func (p *payload) readText() ([]byte, error) {
	if p.from == nil {
		return p.text, nil
	}
	b := make([]byte, p.size)
	_, err := p.from.ReadAt(b, p.at)
	return b, err
}

// payloadPart is how many bytes of a stored text are in memory at a time.
const payloadPart = 64 << 10

// writeCompact writes the text without the white space between its tokens: the
// text may have several lines, and stands in a line of an export.
func (p *payload) writeCompact(w io.Writer) error {
	c := compactor{w: w}
	if p.from == nil {
		return c.writePart(p.text)
	}
	block := make([]byte, min(p.size, payloadPart))
	for done := int64(0); done < p.size; done += int64(len(block)) {
		block = block[:min(p.size-done, int64(len(block)))]
		if _, err := p.from.ReadAt(block, p.at+done); err != nil {
			return fmt.Errorf("read a task: %w", err)
		}
		if err := c.writePart(block); err != nil {
			return err
		}
	}
	return nil
}

// compactor copies a JSON text without the white space between tokens, in parts and
// in little memory, whatever the depth of the text.
type compactor struct {
	w        io.Writer
	inString bool
	escaped  bool // the next byte belongs to an escape in a string
}

// writePart writes the next part of the text.
func (c *compactor) writePart(part []byte) error {
	begin := 0
	for i, b := range part {
		switch {
		case c.escaped:
			c.escaped = false
		case c.inString:
			c.escaped, c.inString = b == '\\', b != '"'
		case b == '"':
			c.inString = true
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			if i > begin {
				if _, err := c.w.Write(part[begin:i]); err != nil {
					return err
				}
			}
			begin = i + 1
		}
	}
	if begin == len(part) {
		return nil
	}
	_, err := c.w.Write(part[begin:])
	return err
}
