package initiator_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
)

// Tasks in Python and in Node submit child tasks with the worker's own token, wait for
// them, and report progress and output. Their cancel reaches the children.
func TestChildrenInOtherLanguages(t *testing.T) {
	t.Parallel()
	for language, path := range map[string]func() string{
		"python3": func() string {
			return jobstest.Script(t, "../jobs/worker.py", `    return {"sum": data["a"] + data["b"]}`,
				`    task.progress({"asked": data["pool"]})`,
				`    task.output("asks gr\u00fcn\n")`,
				`    return task.wait(task.submit(data["pool"], data, key="one"))["result"]`)
		},
		"node": func() string {
			return jobstest.Script(t, "../jobs/worker.mjs", `  return { sum: data.a + data.b };`,
				`  task.progress({ asked: data.pool });`,
				`  task.output('asks gr\u00fcn\n');`,
				`  return (await task.wait(await task.submit(data.pool, data, { key: 'one' }))).result;`)
		},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(language); err != nil {
				t.Skipf("%s is not installed, so its worker is not tested here", language)
			}
			in := initiatortest.StartText(t, fmt.Sprintf(`
[worker:parent]
command        = %s %s
heartbeat_span = 200ms

[worker:adder]
command = ${initiator:self} job sum

[worker:sleeper]
command = ${initiator:self} job sleep
`, language, path()))
			if got := in.Call("parent", json.RawMessage(`{"a": 2, "b": 3, "pool": "adder"}`)); strings.ReplaceAll(got, " ", "") != `{"sum":5}` {
				t.Errorf("the sum is %s", got)
			}
			expectChildrenCancelled(t, in)
		})
	}
}

func expectChildrenCancelled(t *testing.T, in *initiatortest.Server) {
	t.Helper()
	parent, err := in.Client().Submit(t.Context(), task.Request{Pool: "parent", Data: []byte(`{"a":1,"b":2,"ms":3600000,"pool":"sleeper"}`)})
	if err != nil {
		t.Fatal(err)
	}
	child := awaitTask(t, in, task.Filter{Pool: "sleeper", State: task.Running})
	if child.Parent != parent.ID {
		t.Errorf("the parent of %s is %s, want %s", child.ID, child.Parent, parent.ID)
	}
	progress, output := "", ""
	for e, err := range in.Client().Watch(t.Context(), parent.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Progress) > 0 {
			progress = string(e.Progress)
		}
		if e.Output != nil {
			output = e.Output.Text
		}
		if progress != "" && output != "" {
			break
		}
	}
	if !strings.Contains(strings.ReplaceAll(progress, " ", ""), `{"asked":"sleeper"}`) || output != "asks grün\n" {
		t.Errorf("it says %s, and writes %q", progress, output)
	}
	if _, err := in.Client().Cancel(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := whateverEnd(in.Client().Wait(t.Context(), child.ID)); err != nil || got.State != task.Cancelled {
		t.Errorf("the child is %s: %s, %v", got.State, got.Reason, err)
	}
	// The parent learns of its own end or of the end of its child first: both are right.
	if got, err := whateverEnd(in.Client().Wait(t.Context(), parent.ID)); err != nil || got.State != task.Cancelled && got.State != task.Completed {
		t.Errorf("the parent is %s: %s, %v", got.State, got.Reason, err)
	}
}
