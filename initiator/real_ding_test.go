package initiator_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// `protocol = ding` works with the original slave. The environment variable
// DING_SOURCE names its source (a copy of DI-engine). The cases: success, failure,
// refusal, a process that dies during a task, and an error that the original never
// reports.
func TestRealDingSlaves(t *testing.T) {
	source := os.Getenv("DING_SOURCE")
	if _, err := os.Stat(filepath.Join(source, "ding", "interaction", "__init__.py")); source == "" || err != nil {
		t.Skip("the original is not tested here: set DING_SOURCE to a copy of DI-engine")
	}
	if err := exec.Command("python3", "-c", "import flask, requests").Run(); err != nil {
		t.Skip("the original is not tested here: python3 with flask and requests is needed")
	}
	program, err := filepath.Abs(filepath.Join("..", "worker", "ding", "testdata", "real", "slave.py"))
	if err != nil {
		t.Fatal(err)
	}
	in := initiatortest.StartText(t, `[worker:adder]
command = python3 `+program+`
protocol = ding
channel = 0
heartbeat_span = 0.2
heartbeat_tolerance = 3
task_timeout = 2
attempts = 2
retry_delay = 0.1
`)
	once, _ := json.Marshal(filepath.Join(t.TempDir(), "once"))
	tests := []struct {
		data   string
		state  task.State
		result string
	}{
		{`{"a":2,"b":3}`, task.Completed, `{"sum": 5}`},
		{`{"a":2}`, task.Failed, `{"message": "ab not found"}`},
		{`{"how":"fail"}`, task.Failed, `{"message": "as asked"}`},
		{`{"how":"refuse","a":1,"b":1}`, task.Completed, `{"sum": 2}`},
		{`{"how":"exit","a":4,"b":5,"once":` + string(once) + `}`, task.Completed, `{"sum": 9}`},
	}
	for _, tt := range tests {
		got := in.Run(task.Request{Pool: "adder", Data: json.RawMessage(tt.data)})
		if got.State != tt.state || string(got.Result) != tt.result {
			t.Errorf("%s: %s %s (%s)", tt.data, got.State, got.Result, got.Reason)
		}
	}
	in.WaitFor("adder", func(w report.Worker) bool { return w.Incarnation == 2 && w.Ready })
	// The original does not report an exception. The timeout ends the task.
	got := in.Run(task.Request{Pool: "adder", Data: json.RawMessage(`{"how":"raise"}`)})
	if got.State != task.Dead {
		t.Errorf("%s (%s)", got.State, got.Reason)
	}
}
