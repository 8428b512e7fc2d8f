package initiator_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/jobstest"
)

// A worker with a valid token sends bad results and heartbeats: not JSON, 100,000
// deep, no UTF-8, of no task, of another worker's task, 65 MiB long. Each is refused,
// and ends neither the session nor the task that the worker runs meanwhile.
func TestBadBodiesWithValidToken(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, and the worker that misbehaves is in Python")
	}
	path := jobstest.Script(t, "../jobs/worker.py", `    return {"sum": data["a"] + data["b"]}`,
		`    stranger = b'{"task":{"id":"0191d7a0-0000-7000-8000-000000000000"},"result":{}}'`,
		`    bodies = {"not JSON": b"nonsense", "half": b'{"task":{', "deep": b'{"result":' + b"[" * 100000 + b"]" * 100000 + b"}",`,
		`              "no UTF-8": b'{"result":"\xff"}', "no task": b'{"task":{}}', "no id": b'{"task":{"id":"7"},"result":1}',`,
		`              "another's": stranger, "twice": stranger, "an array": b"[]", "long": b'"' + b"x" * (65 << 20) + b'"'}`,
		`    said = {}`,
		`    for name, body in bodies.items():`,
		`        for method, path in (("PUT", "/slave/task/complete"), ("PUT", "/slave/task/fail"), ("GET", "/slave/heartbeat")):`,
		`            request = urllib.request.Request(STATE.session.master + path, body, method=method, headers={"Channel": "0", "Token": STATE.session.token})`,
		`            try:`,
		`                with DIRECT.open(request, timeout=60) as answer:`,
		`                    code = json.load(answer)["code"]`,
		`            except urllib.error.HTTPError as err:`,
		`                code = err.code`,
		`            except OSError:`,
		`                code = 413  # it did not listen to the end`,
		`            said.setdefault(name, []).append(code)`,
		`    return said`)
	in := initiatortest.StartText(t, "[worker:rogue]\nattempts = 1\ncommand = python3 "+path+"\n")
	var said map[string][3]int
	if err := json.Unmarshal([]byte(in.Call("rogue", json.RawMessage(`{"a": 1, "b": 1}`))), &said); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"not JSON": "[400 400 400]", "half": "[400 400 400]", "deep": "[400 400 400]", "no UTF-8": "[400 400 400]", "an array": "[400 400 400]",
		"no task": "[601 601 0]", "no id": "[601 601 0]", "another's": "[0 0 0]", "twice": "[0 0 0]", "long": "[413 413 413]",
	} {
		if got := fmt.Sprint(said[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
