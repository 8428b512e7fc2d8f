package procfs

import (
	"bytes"
)

// RealtimeLimit returns the soft limit RLIMIT_RTTIME of a process, in
// microseconds; 0 = unlimited, unknown, or the process has ended. Every user may
// read it.
func RealtimeLimit(pid int) uint64 {
	var buf [2048]byte
	return parseRealtimeLimit(readFile(buf[:0], path(pid, "limits")))
}

// parseRealtimeLimit parses /proc/PID/limits.
func parseRealtimeLimit(text []byte) uint64 {
	const name = "Max realtime timeout"
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			return uint64(max(0, ParseDigits(bytes.TrimLeft(rest, " "))))
		}
	}
	return 0
}
