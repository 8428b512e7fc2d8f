package initiator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
	"initiator/internal/testlength"
)

// A worker with four slots runs four tasks at the same time: each of them waits for the
// others.
func TestSlotsInEveryLanguage(t *testing.T) {
	jobstest.Each(t, "../jobs", []string{"${initiator:self}", "languages"}, func(t *testing.T, _ jobstest.Language, command []string) {
		in := initiatortest.StartText(t, fmt.Sprintf("[worker:w]\ncommand = %s\nslots = 4\n", strings.Join(command, " ")))
		pid := fmt.Sprint(in.Worker("w").PID)
		data := json.RawMessage(fmt.Sprintf(`{"seconds":%g}`, testlength.Patience.Seconds()))
		var tasks []task.Task
		for range 4 {
			queued, err := in.Client().Submit(t.Context(), task.Request{Pool: "w", Method: "meet", Data: data})
			if err != nil {
				t.Fatal(err)
			}
			tasks = append(tasks, queued)
		}
		for _, queued := range tasks {
			if got, err := whateverEnd(in.Client().Wait(t.Context(), queued.ID)); err != nil || string(got.Result) != pid {
				t.Errorf("%s: %s %s %v, want %s", got.State, got.Reason, got.Result, err, pid)
			}
		}
	})
}

// A worker that holds too much memory after a task is replaced before it has run many
// more, although no heartbeat has told its memory.
func TestRecycleInEveryLanguage(t *testing.T) {
	jobstest.Each(t, "../jobs", []string{"${initiator:self}", "languages"}, func(t *testing.T, _ jobstest.Language, command []string) {
		in := initiatortest.StartText(t, fmt.Sprintf(`
[worker:w]
command             = %s
recycle             = rss:120MB
heartbeat_span      = 1min
heartbeat_tolerance = 10min
`, strings.Join(command, " ")))
		first := in.Call("w.hold", json.RawMessage(`{"mib":120}`))
		for n := 1; in.Call("w.hold", json.RawMessage(`{"mib":0}`)) == first; n++ {
			if n == 50 {
				t.Fatalf("the worker has run %d tasks more with 120 MiB", n)
			}
		}
	})
}
