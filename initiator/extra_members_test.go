package initiator_test

import (
	"encoding/json"
	"os/exec"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/jobstest"
)

// A worker of a later version sends members that this initiator does not know, in
// heartbeats and results: they are ignored, as the worker contract says.
func TestWebhooksIgnoreExtraMembers(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, and the worker that sends the members is in Python")
	}
	path := jobstest.Script(t, "../jobs/worker.py", `    return {"sum": data["a"] + data["b"]}`,
		`    said = []`,
		`    for method, path, body in (`,
		`            ("GET", "/slave/heartbeat", {"incarnation": INCARNATION, "running": [{"id": task.id, "attempt": task.attempt, "seq": 1, "later": 1}], "later": {"x": 1}}),`,
		`            ("PUT", "/slave/task/complete", {"task": {"id": task.id, "attempt": task.attempt, "later": 1}, "result": {"sum": 7}, "later": []})):`,
		`        request = urllib.request.Request(STATE.session.master + path, json.dumps(body).encode(), method=method, headers={"Channel": "0", "Token": STATE.session.token})`,
		`        with DIRECT.open(request, timeout=60) as answer:`,
		`            said.append(json.load(answer)["code"])`,
		`    print("codes", said, flush=True)`,
		`    return {"sum": 0}`)
	in := initiatortest.StartText(t, "[worker:later]\nattempts = 1\ncommand = python3 "+path+"\n")
	var got struct{ Sum int }
	if err := json.Unmarshal([]byte(in.Call("later", json.RawMessage(`{"a": 1, "b": 1}`))), &got); err != nil || got.Sum != 7 {
		t.Errorf("%+v %v", got, err)
	}
}
