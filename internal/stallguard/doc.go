// Package stallguard ends the connections of peers that do not read. A write to such a
// peer blocks for ever, and holds the answer in memory. A connection of a [Listener]
// ends when its peer reads nothing of what is written for a time-out. While nothing is
// written there is no time-out: a stream may be idle for as long as it likes, and a
// long answer may take as long as its peer reads some of it.
package stallguard

// Files:
//
//	conn.go  Listener, and the connections that it accepts
