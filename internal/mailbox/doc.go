// Package mailbox holds a queue of messages between any number of senders and
// one receiver.
//
// The receiver is a goroutine that owns a piece of state, for example the
// dispatcher's loop or the supervisor's. It waits for [Mailbox.Wakeup], takes
// all waiting messages at once with [Mailbox.Take], and calls [Mailbox.Close]
// when it ends. Sending never blocks, which a channel cannot promise: two loops
// can send to each other without a deadlock.
//
// A mailbox has no limit. It holds the messages that were put since the
// receiver last took them. A caller whose senders are not trusted limits the
// number of unread messages itself.
package mailbox

// Files:
//
//	mailbox.go  Mailbox: Put, Wakeup, Take, Close
