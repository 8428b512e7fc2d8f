package keeper

import "bytes"

// process is one entry of the kernel's process table. pid and start together
// never name another process; a pid alone may be reused a moment later.
type process struct {
	pid, parent, group int
	start              uint64 // clock ticks since boot
	dead               bool   // every thread has ended, but the process was not waited for
}

// parseStat parses /proc/PID/stat. The name of the program, in parentheses, may
// itself hold spaces and parentheses, so the last parenthesis ends it.
func parseStat(text []byte) (process, bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return process{}, false
	}
	f := bytes.Fields(text[end+1:])
	if len(f) < 20 {
		return process{}, false
	}
	// The kernel calls a process a zombie as soon as its first thread has
	// ended. Other threads may go on, or may not have closed their files yet.
	ended := (f[0][0] == 'Z' || f[0][0] == 'X') && parseDigits(f[17]) <= 1
	return process{
		pid: parseDigits(text[:open]), parent: parseDigits(f[1]), group: parseDigits(f[2]),
		start: uint64(max(parseDigits(f[19]), 0)), dead: ended,
	}, true
}

// markedKey returns the worker for which an environment was made. Programs that
// do not follow the contract have no incarnation: 0.
func markedKey(environ []byte) key {
	var k key
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if v, ok := bytes.CutPrefix(entry, []byte("INITIATOR_GUID=")); ok {
			k.guid = string(v)
		} else if v, ok := bytes.CutPrefix(entry, []byte("INITIATOR_INCARNATION=")); ok {
			k.incarnation = max(parseDigits(v), 0)
		}
	}
	return k
}
