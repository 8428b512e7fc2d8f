package procfs

import "bytes"

// Process is one entry of the kernel's process table. PID and Start together
// never name another process; a PID alone may be reused a moment later.
type Process struct {
	PID     int
	Parent  int
	Group   int
	Session int
	Start   uint64 // clock ticks since boot
	Stopped bool   // by a signal, or by a debugger
	Ended   bool   // every thread has ended, but the process was not waited for
}

// parseStat parses /proc/PID/stat.
func parseStat(text []byte) (Process, bool) {
	open, f := bytes.IndexByte(text, '('), fieldsAfterName(text)
	if open < 1 || len(f) < 20 {
		return Process{}, false
	}
	// The kernel calls a process a zombie as soon as its first thread has
	// ended. Other threads may go on, or may not have closed their files yet.
	ended := (f[0][0] == 'Z' || f[0][0] == 'X') && ParseDigits(f[17]) <= 1
	return Process{
		PID: ParseDigits(text[:open]), Parent: ParseDigits(f[1]), Group: ParseDigits(f[2]), Session: ParseDigits(f[3]),
		Start: uint64(max(ParseDigits(f[19]), 0)), Ended: ended, Stopped: f[0][0] == 'T' || f[0][0] == 't',
	}, true
}

// fieldsAfterName returns the fields of /proc/PID/stat from the third on. The
// name of the program, in parentheses, may itself hold spaces and parentheses,
// so the last parenthesis ends it.
func fieldsAfterName(stat []byte) [][]byte {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if end < open {
		return nil
	}
	return bytes.Fields(stat[end+1:])
}
