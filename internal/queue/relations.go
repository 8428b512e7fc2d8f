package queue

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// relations is the index of the tasks with a unique key, a parent or a pending
// callback. Few tasks have these, so they are not fields of the entries: a million
// other tasks take no memory for them. A live task is a task that has not ended.
type relations struct {
	unique           map[string]*entry             // the live task of each unique key
	children         map[uuid.UUID]map[*entry]bool // the live children of each task
	pendingCallbacks map[*entry]bool               // terminal tasks whose callback is pending
}

// newRelations returns an empty index.
func newRelations() relations {
	return relations{map[string]*entry{}, map[uuid.UUID]map[*entry]bool{}, map[*entry]bool{}}
}

// uniqueKey returns the key of the map unique. Each pool has its own unique keys.
func uniqueKey(t *task.Task) string { return t.Pool + "\x00" + t.Unique }

// uniqueHolder returns the live task with the unique key of t, nil when there is
// none or when it is t itself.
func (b *relations) uniqueHolder(t *task.Task) *entry {
	if t.Unique == "" {
		return nil
	}
	if en := b.unique[uniqueKey(t)]; en != nil && en.id != t.ID {
		return en
	}
	return nil
}

// updateRelations updates the index after a task has changed its state. A live task
// holds its unique key and is a child of its parent; a terminal task does neither.
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

// setChild adds a live task to the children of a parent, or removes a task.
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

// removeTask removes a dropped task. A live task is dropped only when its first
// record could not be stored, so its record is in memory.
func (b *relations) removeTask(en *entry) {
	delete(b.pendingCallbacks, en)
	if t := en.task; t != nil && !en.state.terminal() {
		if t.Unique != "" && b.unique[uniqueKey(t)] == en {
			delete(b.unique, uniqueKey(t))
		}
		b.setChild(en, t.Parent, false)
	}
}

// restoreRelations adds a task that Open has read. It reads the record only when
// the marks say that the task has relations.
func (e *Engine) restoreRelations(en *entry) {
	if en.marks&kindOwes == 0 && (en.marks&kindBound == 0 || en.state.terminal()) {
		return
	}
	t := e.copyTask(en)
	e.relations.updateRelations(en, &t)
}

// existingEntry returns the task that a submit returns instead of adding t: the
// task with the same id, or the live task with the same unique key.
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

// enqueueCallback makes the callback of a terminal task pending.
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

// pendingCallbackEntries returns the tasks with a pending callback that a filter
// selects. These tasks are not among the finished tasks of their pool.
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
