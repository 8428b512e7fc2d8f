package timerheap

import "time"

// order is the slice that container/heap arranges. Every timer knows its index,
// so that Set and Remove need not search.
type order[T any] []*Timer[T]

func (o order[T]) Len() int           { return len(o) }
func (o order[T]) Less(i, j int) bool { return o[i].due.Before(o[j].due) }

// Swap implements heap.Interface.
func (o order[T]) Swap(i, j int) {
	o[i], o[j] = o[j], o[i]
	o[i].index, o[j].index = i+1, j+1
}

// Push implements heap.Interface.
func (o *order[T]) Push(x any) {
	t := x.(*Timer[T])
	*o = append(*o, t)
	t.index = len(*o)
}

// Pop implements heap.Interface. It releases the slot in the slice, so that the
// heap does not keep a removed value alive.
func (o *order[T]) Pop() any {
	old := *o
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*o = old[:len(old)-1]
	last.due, last.index = time.Time{}, 0
	return last
}
