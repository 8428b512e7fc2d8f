package queue

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// bonds is what the index knows of the few tasks that are bound to something:
// to a unique key, to a parent, to a callback. It lies beside the entries, so
// that a million tasks without bonds pay nothing for them.
type bonds struct {
	unique   map[string]*entry             // the live task of each key
	children map[uuid.UUID]map[*entry]bool // the live children of each task
	owed     map[*entry]bool               // have ended; the callback is not told
}

func newBonds() bonds {
	return bonds{map[string]*entry{}, map[uuid.UUID]map[*entry]bool{}, map[*entry]bool{}}
}

// uniqueIn names a unique key; each pool has its own.
func uniqueIn(t *task.Task) string { return t.Pool + "\x00" + t.Unique }

// rival is the live task that has the unique key of t, and is another one.
func (b *bonds) rival(t *task.Task) *entry {
	if t.Unique == "" {
		return nil
	}
	if en := b.unique[uniqueIn(t)]; en != nil && en.id != t.ID {
		return en
	}
	return nil
}

// tie notes the bonds of a task that has come to a state: those of a live one
// hold, those of one that has ended are cut.
func (b *bonds) tie(en *entry, t *task.Task) {
	live := !en.state.terminal()
	if t.Unique != "" {
		key := uniqueIn(t)
		switch holder := b.unique[key]; {
		case live && holder == nil:
			b.unique[key] = en
		case !live && holder == en:
			delete(b.unique, key)
		}
	}
	if t.Parent != uuid.Nil {
		b.adopt(en, t.Parent, live)
	}
	if !live && t.CallbackState == task.CallbackPending {
		b.owed[en] = true
	} else {
		delete(b.owed, en)
	}
}

func (b *bonds) adopt(en *entry, parent uuid.UUID, live bool) {
	list := b.children[parent]
	switch {
	case !live:
		if delete(list, en); len(list) == 0 {
			delete(b.children, parent)
		}
	case list == nil:
		b.children[parent] = map[*entry]bool{en: true}
	default:
		list[en] = true
	}
}

// cut forgets a task that is dropped. One that has not ended was never kept,
// and its record is in memory.
func (b *bonds) cut(en *entry) {
	delete(b.owed, en)
	if t := en.task; t != nil && !en.state.terminal() {
		if t.Unique != "" && b.unique[uniqueIn(t)] == en {
			delete(b.unique, uniqueIn(t))
		}
		b.adopt(en, t.Parent, false)
	}
}

// retie notes the bonds of a task that was read back. Only the record knows
// them, and only that of a bound one is read for it.
func (e *Engine) retie(en *entry) {
	if en.marks&kindOwes == 0 && (en.marks&kindBound == 0 || en.state.terminal()) {
		return
	}
	t := e.show(en)
	e.bonds.tie(en, &t)
}

// known is the task that a submit finds instead of adding its own: the same
// one, or the live one of its unique key.
func (e *Engine) known(t *task.Task) *entry {
	if en := e.byID[t.ID]; en != nil {
		return en
	}
	return e.bonds.rival(t)
}

// FindExisting implements Queue.
func (e *Engine) FindExisting(t task.Task) (task.Task, bool) {
	en := e.known(&t)
	if en == nil {
		return task.Task{}, false
	}
	found := e.show(en)
	found.Known = true
	return found, true
}

// owe notes that the callback of a task that ends has to be told.
func (e *Engine) owe(en *entry) {
	if en.task.Callback != "" {
		en.task.CallbackState = task.CallbackPending
		e.bonds.owed[en] = true
	}
}

// PendingCallbacks implements Queue.
func (e *Engine) PendingCallbacks() []uuid.UUID {
	list := make([]uuid.UUID, 0, len(e.bonds.owed))
	for en := range e.bonds.owed {
		list = append(list, en.id)
	}
	return list
}

// owing finds those whose callback is owed, which are not among the finished
// ones of their pool.
func (b *bonds) owing(f task.Filter) (found []*entry) {
	for en := range b.owed {
		if f.State == en.state.state() && (f.Pool == "" || f.Pool == en.pool.name) {
			found = append(found, en)
		}
	}
	return found
}

// RecordCallback implements Queue.
func (e *Engine) RecordCallback(id uuid.UUID, ended time.Time, state string) {
	en := e.byID[id]
	if en == nil || !e.bonds.owed[en] {
		return
	}
	t, err := e.open(en)
	if err == nil && t.Ended.Equal(ended) {
		t.CallbackState = state
		e.change(en)
	}
	if err != nil || t.CallbackState != task.CallbackPending {
		delete(e.bonds.owed, en)
		e.shelve(en)
	}
}

// LiveChildren implements Queue.
func (e *Engine) LiveChildren(parent uuid.UUID) []uuid.UUID {
	var list []uuid.UUID
	for en := range e.bonds.children[parent] {
		list = append(list, en.id)
	}
	return list
}
