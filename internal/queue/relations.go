package queue

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// relations is what the index knows of the few tasks that are bound to something:
// to a unique key, to a parent, to a callback. It lies beside the entries, so
// that a million tasks without bonds pay nothing for them.
type relations struct {
	unique           map[string]*entry             // the live task of each key
	children         map[uuid.UUID]map[*entry]bool // the live children of each task
	pendingCallbacks map[*entry]bool               // have ended; the callback is not told
}

func newRelations() relations {
	return relations{map[string]*entry{}, map[uuid.UUID]map[*entry]bool{}, map[*entry]bool{}}
}

// uniqueKey names a unique key; each pool has its own.
func uniqueKey(t *task.Task) string { return t.Pool + "\x00" + t.Unique }

// uniqueHolder is the live task that has the unique key of t, and is another one.
func (b *relations) uniqueHolder(t *task.Task) *entry {
	if t.Unique == "" {
		return nil
	}
	if en := b.unique[uniqueKey(t)]; en != nil && en.id != t.ID {
		return en
	}
	return nil
}

// updateRelations notes the bonds of a task that has come to a state: those of a live one
// hold, those of one that has ended are cut.
func (b *relations) updateRelations(en *entry, t *task.Task) {
	live := !en.state.terminal()
	if t.Unique != "" {
		key := uniqueKey(t)
		switch holder := b.unique[key]; {
		case live && holder == nil:
			b.unique[key] = en
		case !live && holder == en:
			delete(b.unique, key)
		}
	}
	if t.Parent != uuid.Nil {
		b.setChild(en, t.Parent, live)
	}
	if !live && t.CallbackState == task.CallbackPending {
		b.pendingCallbacks[en] = true
	} else {
		delete(b.pendingCallbacks, en)
	}
}

func (b *relations) setChild(en *entry, parent uuid.UUID, live bool) {
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

// removeTask forgets a task that is dropped. One that has not ended was never kept,
// and its record is in memory.
func (b *relations) removeTask(en *entry) {
	delete(b.pendingCallbacks, en)
	if t := en.task; t != nil && !en.state.terminal() {
		if t.Unique != "" && b.unique[uniqueKey(t)] == en {
			delete(b.unique, uniqueKey(t))
		}
		b.setChild(en, t.Parent, false)
	}
}

// restoreRelations notes the bonds of a task that was read back. Only the record knows
// them, and only that of a bound one is read for it.
func (e *Engine) restoreRelations(en *entry) {
	if en.marks&kindOwes == 0 && (en.marks&kindBound == 0 || en.state.terminal()) {
		return
	}
	t := e.copyTask(en)
	e.relations.updateRelations(en, &t)
}

// existingEntry is the task that a submit finds instead of adding its own: the same
// one, or the live one of its unique key.
func (e *Engine) existingEntry(t *task.Task) *entry {
	if en := e.byID[t.ID]; en != nil {
		return en
	}
	return e.relations.uniqueHolder(t)
}

// FindExisting implements Queue.
func (e *Engine) FindExisting(t task.Task) (task.Task, bool) {
	en := e.existingEntry(&t)
	if en == nil {
		return task.Task{}, false
	}
	found := e.copyTask(en)
	found.Known = true
	return found, true
}

// enqueueCallback notes that the callback of a task that ends has to be told.
func (e *Engine) enqueueCallback(en *entry) {
	if en.task.Callback != "" {
		en.task.CallbackState = task.CallbackPending
		e.relations.pendingCallbacks[en] = true
	}
}

// PendingCallbacks implements Queue.
func (e *Engine) PendingCallbacks() []uuid.UUID {
	list := make([]uuid.UUID, 0, len(e.relations.pendingCallbacks))
	for en := range e.relations.pendingCallbacks {
		list = append(list, en.id)
	}
	return list
}

// pendingCallbackEntries finds those whose callback is owed, which are not among the finished
// ones of their pool.
func (b *relations) pendingCallbackEntries(f task.Filter) (found []*entry) {
	for en := range b.pendingCallbacks {
		if f.State == en.state.state() && (f.Pool == "" || f.Pool == en.pool.name) {
			found = append(found, en)
		}
	}
	return found
}

// RecordCallback implements Queue.
func (e *Engine) RecordCallback(id uuid.UUID, ended time.Time, state string) {
	en := e.byID[id]
	if en == nil || !e.relations.pendingCallbacks[en] {
		return
	}
	t, err := e.loadTask(en)
	if err == nil && t.Ended.Equal(ended) {
		t.CallbackState = state
		e.markChanged(en)
	}
	if err != nil || t.CallbackState != task.CallbackPending {
		delete(e.relations.pendingCallbacks, en)
		e.addFinished(en)
	}
}

// LiveChildren implements Queue.
func (e *Engine) LiveChildren(parent uuid.UUID) []uuid.UUID {
	var list []uuid.UUID
	for en := range e.relations.children[parent] {
		list = append(list, en.id)
	}
	return list
}
