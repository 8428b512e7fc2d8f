package queue

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// cursor is a place in the list of all tasks, which are in the order of their
// submits: behind the last task of a page. That task may be dropped before the next
// page is asked for. The zero value is no place.
type cursor struct {
	submitted int64 // nanoseconds
	id        uuid.UUID
}

func cursorOf(en *entry) cursor { return cursor{en.submitted, en.id} }

func (c cursor) isZero() bool { return c == cursor{} }

// String returns the text of a cursor, which parseCursor reads.
func (c cursor) String() string { return strconv.FormatInt(c.submitted, 10) + "." + c.id.String() }

// parseCursor reads a cursor; "" is the zero value. Errors wrap task.ErrInvalid.
func parseCursor(text string) (c cursor, err error) {
	if text == "" {
		return c, nil
	}
	at, id, _ := strings.Cut(text, ".")
	if c.submitted, err = strconv.ParseInt(at, 10, 64); err == nil {
		c.id, err = uuid.Parse(id)
	}
	if err != nil {
		return c, fmt.Errorf("%w: after %.100q is not the next of a page of tasks", task.ErrInvalid, text)
	}
	return c, nil
}

func compareCursors(a, b cursor) int {
	return cmp.Or(cmp.Compare(a.submitted, b.submitted), bytes.Compare(a.id[:], b.id[:]))
}
