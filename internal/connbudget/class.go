package connbudget

import (
	"container/list"
	"net"
)

// entry is one connection.
type entry struct {
	table *Table
	conn  net.Conn

	// The table's lock guards these fields.
	kind   Kind
	owner  string // who shares the connections of a kind; "" = not known
	active bool   // a request is being answered, or the connection is a stream
	place  *list.Element
	gone   bool // the table does not know the connection any more
}

// class holds the connections of one kind.
type class struct {
	limit   int
	patient bool          // a new connection waits for room, see awaitRoom
	room    chan struct{} // holds a token after a connection has left

	idle   list.List      // of *entry: the longest idle first
	active list.List      // of *entry: the longest active first
	owners map[string]int // how many connections each owner has
}

// signalRoom says that a connection has left.
func (c *class) signalRoom() {
	select {
	case c.room <- struct{}{}:
	default:
	}
}

func (c *class) count() int { return c.idle.Len() + c.active.Len() }

func (c *class) addEntry(e *entry) {
	if c.owners == nil {
		c.owners = map[string]int{}
	}
	c.owners[e.owner]++
	c.placeEntry(e)
}

// placeEntry puts a connection behind all others in its state. A connection
// without a token keeps its place whatever it sends: the oldest goes first, and
// a slow header gains no time.
func (c *class) placeEntry(e *entry) {
	if e.active && e.kind != Anonymous && e.kind != Arriving {
		e.place = c.active.PushBack(e)
	} else {
		e.place = c.idle.PushBack(e)
	}
}

func (c *class) removePlace(e *entry) {
	c.idle.Remove(e.place) // has no effect on an element of the other list
	c.active.Remove(e.place)
}

func (c *class) removeEntry(e *entry) {
	c.removePlace(e)
	if c.owners[e.owner]--; c.owners[e.owner] == 0 {
		delete(c.owners, e.owner)
	}
}

// chooseVictim returns the connection to close so that one more of this owner
// fits; nil = the new connection is refused. An idle connection is closed
// first, of an owner with most connections if it has one. A connection in use
// is closed only where another owner has at least two more of them than this
// owner.
func (c *class) chooseVictim(owner string) *entry {
	most := 0
	for _, n := range c.owners {
		most = max(most, n)
	}
	if e := c.firstOfOwnerWith(&c.idle, most); e != nil {
		return e
	}
	if first := c.idle.Front(); first != nil {
		return first.Value.(*entry)
	}
	if most >= c.owners[owner]+2 {
		return c.firstOfOwnerWith(&c.active, most)
	}
	return nil
}

// firstOfOwnerWith returns the first connection in a list whose owner has that
// many connections; nil = there is none.
func (c *class) firstOfOwnerWith(l *list.List, number int) *entry {
	for at := l.Front(); at != nil; at = at.Next() {
		if e := at.Value.(*entry); c.owners[e.owner] == number {
			return e
		}
	}
	return nil
}
