//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// turberfieldStdin is the document that turberfield's Initiator writes to a
// worker: its whole file, as Python's configparser writes it, with unresolved
// references. At its end is the worker's section, which refers to the section
// of its module.
const turberfieldStdin = `[DEFAULT]
host_scheme = http
hash = #

[demo.initiator]
listen_addr = 127.0.0.1
child_port_min = 49152
child_port_max = 65536

[demo.processor]
greeting = hello ${name}
name = world
price = 5 $$
slots = 2
direct = open
flag

[8d740c16d9b8419aa7417f7da6deb039]
listen_addr = ${demo.initiator:listen_addr}
listen_port = 8080

[0123456789abcdef0123456789abcdef]
greeting = ${demo.processor:greeting}
name = ${demo.processor:name}
price = ${demo.processor:price}
slots = ${demo.processor:slots}
direct = ${demo.processor:direct}
flag = ${demo.processor:flag}
listen_port = 49152
token = eyJ0eXAi.OiJKV1QiLCJ.hbGciOiJIUzI1NiJ9
parent_addr = ${8d740c16d9b8419aa7417f7da6deb039:listen_addr}
parent_port = ${8d740c16d9b8419aa7417f7da6deb039:listen_port}

`

// TestWorkerReadsTurberfieldsArgumentsAndStdin checks what a worker
// understands of both.
func TestWorkerReadsTurberfieldsArgumentsAndStdin(t *testing.T) {
	t.Parallel()
	keys := []string{"greeting", "price", "parent_addr", "parent_port", "hash", "listen_port"}
	show := HandleRaw("show", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		var values []string
		for _, key := range keys {
			value, _ := Setting(ctx, key)
			values = append(values, value)
		}
		return json.Marshal(strings.Join(values, "|"))
	})
	p := launch(t, Options{
		Handlers: []Handler{show}, Stdin: strings.NewReader(turberfieldStdin),
		Args: []string{"-m", "demo.processor", "--guid", "0123456789abcdef0123456789abcdef", "--port", "0"},
	})
	p.token = "eyJ0eXAi.OiJKV1QiLCJ.hbGciOiJIUzI1NiJ9"
	if status, body := p.direct(`{"method":"show"}`); status != 200 || body != `"hello world|5 $|127.0.0.1|8080|#|49152"` {
		t.Error(status, body)
	}
	var pong struct{ GUID string }
	e := p.mustCall(codeOK, "GET", "/ping", p.token, nil)
	if err := json.Unmarshal(e.Data, &pong); err != nil || pong.GUID != "0123456789abcdef0123456789abcdef" {
		t.Error(string(e.Data), err)
	}
}

// TestRealTurberfieldLaunchesWorker launches a worker with the original, when
// TURBERFIELD_SOURCE names a directory with the packages turberfield.ipc and
// turberfield.utils.
func TestRealTurberfieldLaunchesWorker(t *testing.T) {
	t.Parallel()
	source := os.Getenv("TURBERFIELD_SOURCE")
	if _, err := os.Stat(source + "/turberfield/ipc/proactor.py"); source == "" || err != nil {
		t.Skip("the original is not tested here: set TURBERFIELD_SOURCE to a directory with the packages turberfield.ipc and turberfield.utils")
	}
	cmd := exec.Command("python3", "testdata/turberfield.py", os.Args[0])
	cmd.Env = append(os.Environ(), asWorker+"=1")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(out); got != "{\"sum\":5}\nsession None, alive\n" {
		t.Error(got)
	}
}
