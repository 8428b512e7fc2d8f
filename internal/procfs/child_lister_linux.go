package procfs

import (
	"bytes"
	"os"
	"strconv"
	"sync"
)

// ChildLister finds children. Most kernels list the children of a thread in one
// file. On other kernels one pass over /proc serves every call until Forget.
// The zero value is ready. One goroutine at a time may use it.
type ChildLister struct {
	byParent map[int][]int // nil = not read since Forget
	buf      []byte        // made at the first use
}

// hasChildrenFiles is decided once: the file depends on how the kernel was
// built.
var hasChildrenFiles = sync.OnceValue(func() bool {
	_, err := os.Stat(firstThreadChildren(os.Getpid()))
	return err == nil
})

// firstThreadChildren returns the path of the list of the children of a
// process's first thread.
func firstThreadChildren(pid int) string {
	return path(pid, "task/") + strconv.Itoa(pid) + "/children"
}

// ChildrenOf returns the processes whose parent is pid, also processes that
// have ended and were not waited for.
func (l *ChildLister) ChildrenOf(pid int) []int {
	if !hasChildrenFiles() {
		return l.scanAll()[pid]
	}
	task := path(pid, "task")
	var pids []int
	for _, thread := range ListDir(task) {
		pids = l.appendPIDs(pids, task+"/"+thread+"/children")
	}
	return pids
}

// AdoptedChildren returns the processes that became children of this process
// because their parent died: the kernel gives them to its first thread. Where
// the kernel does not list children by thread, it returns all children.
func (l *ChildLister) AdoptedChildren() []int {
	if !hasChildrenFiles() {
		return l.scanAll()[os.Getpid()]
	}
	return l.appendPIDs(nil, firstThreadChildren(os.Getpid()))
}

// Forget makes the next call read the process table anew.
func (l *ChildLister) Forget() { l.byParent = nil }

// appendPIDs appends the numbers in a file.
func (l *ChildLister) appendPIDs(pids []int, path string) []int {
	if l.buf == nil {
		l.buf = make([]byte, 0, 4<<10)
	}
	text := readFile(l.buf[:0], path)
	if cap(text) > cap(l.buf) {
		l.buf = text
	}
	for field := range bytes.FieldsSeq(text) {
		pids = append(pids, ParseDigits(field))
	}
	return pids
}

func (l *ChildLister) scanAll() map[int][]int {
	if l.byParent != nil {
		return l.byParent
	}
	l.byParent = map[int][]int{}
	for _, pid := range ListPIDs() {
		if p, ok := ReadStat(pid); ok {
			l.byParent[p.Parent] = append(l.byParent[p.Parent], pid)
		}
	}
	return l.byParent
}
