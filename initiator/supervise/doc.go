// Package supervise keeps workers alive: it decides what happens next to each,
// has the keeper do it, and can say why.
//
// The pure part, in the order data flows: event.go (all that can happen),
// record.go (all that is known of one worker), table.go (phase × event, every
// cell), up.go, life.go, down.go and death.go (what the cells do), law.go (the
// one restart law), state.go (what a person is shown).
package supervise
