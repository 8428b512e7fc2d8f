package port

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// childPIDs returns the living child processes of all threads of pid.
func childPIDs(pid int) []int {
	base := "/proc/" + strconv.Itoa(pid) + "/task"
	threads, err := os.ReadDir(base)
	if err != nil {
		return nil
	}
	var found []int
	for _, thread := range threads {
		text, err := os.ReadFile(base + "/" + thread.Name() + "/children")
		if errors.Is(err, fs.ErrNotExist) && !childrenListed() {
			return childrenByParent(pid)
		}
		for word := range bytes.FieldsSeq(text) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// childrenListed reports whether this kernel was built with
// CONFIG_PROC_CHILDREN. The missing file of one thread may only mean that the
// thread has ended.
func childrenListed() bool {
	self := strconv.Itoa(os.Getpid())
	_, err := os.Stat("/proc/" + self + "/task/" + self + "/children")
	return err == nil
}

// childrenByParent reads the parent of every process of the machine.
func childrenByParent(pid int) []int {
	return slices.DeleteFunc(allPIDs(), func(p int) bool { return parentPID(p) != pid })
}

// allPIDs returns every process that /proc shows.
func allPIDs() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }() // it was only read
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parentPID reads field 4 of /proc/PID/stat; 0 when the process has ended. The
// command in field 2 may hold blanks and parentheses: the last parenthesis ends
// it.
func parentPID(pid int) int {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	rest := text[bytes.LastIndexByte(text, ')')+1:]
	var column [2][]byte
	if !splitColumns(rest, column[:]) {
		return 0
	}
	ppid, _ := strconv.Atoi(string(column[1]))
	return ppid
}

// commandOf returns the short name of a process; "" when it has ended.
func commandOf(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(text))
}
