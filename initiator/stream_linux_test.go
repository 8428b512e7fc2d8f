package initiator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
)

// A worker serves the stream that it was started with: its descriptor 4 is a connection
// to this process, and no other process has an end of it.
func TestWorkerServesInheritedStream(t *testing.T) {
	in := initiatortest.StartText(t, "[worker:adder]\ncommand = ${initiator:self} job sum\nheartbeat_span = 1h\nheartbeat_tolerance = 3h\n")
	if got := in.Call("adder", json.RawMessage(`{"a":1,"b":2}`)); !strings.Contains(got, "3") {
		t.Error(got)
	}
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2)
	if !strings.Contains(stacks.String(), "dispatch.(*Dispatcher).serveStream") {
		t.Error("the initiator serves no stream")
	}
	unix, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", in.Worker("adder").PID))
	for _, fd := range fds {
		to, _ := os.Readlink(fd)
		if ino, ok := strings.CutPrefix(to, "socket:["); ok && bytes.Contains(unix, []byte(" "+strings.TrimSuffix(ino, "]")+"\n")) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the worker has %d Unix sockets", n)
	}
}
