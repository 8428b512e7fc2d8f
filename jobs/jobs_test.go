package jobs

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/jobstest"
	"initiator/internal/webhook"
	"initiator/worker"
)

// asJob makes the test binary the worker of the job with that name.
const asJob = "JOBS_TEST_JOB"

// languageWorker makes the test binary the worker of the tests in every language.
const languageWorker = "languages"

func TestMain(m *testing.M) {
	if name := os.Getenv(asJob); name == languageWorker {
		worker.Main(jobstest.Handlers...)
	} else if name != "" {
		os.Exit(worker.ExitCode(Run(context.Background(), name, os.Args[1:], os.Stdin)))
	}
	jobstest.PutPythonFirst()
	_ = flag.Set("test.parallel", "4") // the tests mostly wait; the command line has precedence
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for an event that must happen.
const patience = 90 * time.Second

func self(job string) []string { return []string{"env", asJob + "=" + job, os.Args[0]} }

func TestNames(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"crash", "echo", "exec", "sleep", "sum"}) {
		t.Error(got)
	}
}

func TestUnknownJobIsAUsageError(t *testing.T) {
	err := Run(t.Context(), "summ", nil, nil)
	if worker.ExitCode(err) != worker.ExitUsage || !strings.Contains(err.Error(), "use one of crash, echo, exec, sleep, sum") {
		t.Error(err)
	}
}

// TestRunEndsWithItsContext as a part of another program, on any free port.
func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, "echo", []string{"--port", "0"}, nil); err != nil {
		t.Error(err)
	}
}

// TestJobs gives each job its tasks, one after the other, as processes.
func TestJobs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		job, data string
		status    string
		result    string // %d stands for any number
	}{
		{"echo", `{ "any" : [1, 2.50, null] }`, "completed", `{ "any" : [1, 2.50, null] }`},
		{"echo", `null`, "completed", `null`},
		{"sum", `{"a":2,"b":3}`, "completed", `{"sum":5}`},
		{"sum", `{"a":2.5,"b":-3}`, "completed", `{"sum":-0.5}`},
		{"sum", `{"a":0,"b":0}`, "completed", `{"sum":0}`},
		{"sum", `{"a":9007199254740993,"b":100000000000000000000}`, "completed", `{"sum":100009007199254740993}`},
		{"sum", `{"a":2}`, "failed", `{"message":"ab not found"}`},
		{"sum", `{}`, "failed", `{"message":"ab not found"}`},
		{"sum", `{"a":"two","b":3}`, "failed", `{"message":"the data does not fit sum: %s"}`},
		{"sum", `{"a":1e308,"b":1e308}`, "failed", `{"a":1e308,"b":1e308,"message":"%s"}`},
		{"sleep", `{"ms":1}`, "completed", `{"ms":%s}`},
		{"sleep", `{"seconds":0.001}`, "completed", `{"ms":%s}`},
		{"crash", `{"how":"panic","code":7}`, "failed", `{"message":"panic: crash: panic with code 7, as the task has requested"}`},
		{"crash", `{"how":"goexit"}`, "failed", `{"message":"the handler ended its goroutine without returning"}`},
		{"crash", `{"how":"?"}`, "failed", `{"message":"crash: unknown how \"?\"; use %s"}`},
	}
	workers := map[string]*peer{}
	for i, tt := range tests {
		p := workers[tt.job]
		if p == nil {
			p = spawn(t, self(tt.job), "")
			p.connect()
			workers[tt.job] = p
		}
		status, result := p.inline(fmt.Sprint(i), tt.data)
		before, after, any := strings.Cut(tt.result, "%s")
		same := result == tt.result || any && strings.HasPrefix(result, before) && strings.HasSuffix(result, after)
		if status != tt.status || !same {
			t.Errorf("%s %s: %s %s", tt.job, tt.data, status, result)
		}
	}
}

func TestSleepObeysCancelAndReportsProgress(t *testing.T) {
	t.Parallel()
	p := spawn(t, self("sleep"), "")
	p.connect()
	p.give("1", `{"seconds":3600}`)
	p.waitHeartbeat(func(r webhook.RunningTask) bool {
		return r.Seq > 1 && strings.HasPrefix(string(r.Progress), `{"done":`)
	})
	p.cancel("1")
	p.wantResult("1", "fail", `{"message":"cancelled by the initiator"}`)
}

func TestLeakStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	p := spawn(t, self("crash"), "")
	p.connect()
	p.give("1", `{"how":"leak"}`)
	p.waitHeartbeat(func(r webhook.RunningTask) bool { return strings.HasPrefix(string(r.Progress), `{"held_mb":`) })
	p.cancel("1")
	p.wantResult("1", "fail", `{"message":"cancelled by the initiator"}`)
}

func TestCrashEndsTheProcess(t *testing.T) {
	t.Parallel()
	tests := []struct {
		data string
		code int // -1 = killed by a signal
	}{
		{`{"how":"exit","code":3}`, 3},
		{`{"how":"kill"}`, -1},
	}
	for _, tt := range tests {
		p := spawn(t, self("crash"), "")
		p.connect()
		p.giveFatalTask("1", tt.data)
		if code := p.waitExit(); code != tt.code {
			t.Errorf("%s: exit code %d", tt.data, code)
		}
	}
}

// TestHeartbeatsGoOnDuringHangingTask, and its seq shows that the task is
// stuck.
func TestHeartbeatsGoOnDuringHangingTask(t *testing.T) {
	t.Parallel()
	p := spawn(t, self("crash"), "")
	p.connect()
	p.give("1", `{"how":"hang"}`)
	for range 3 {
		p.waitHeartbeat(func(r webhook.RunningTask) bool { return r.ID == "1" && r.Seq == 1 })
	}
}

func TestAddNumbersIsCommutative(t *testing.T) {
	for _, tt := range [][3]string{{"1", "2", "3"}, {"-1", "1", "0"}, {"1.5", "1.5", "3"}, {"1e2", "1", "101"}} {
		got, err := addNumbers(tt[0], tt[1])
		if err != nil || got != tt[2] {
			t.Errorf("%s + %s = %s, %v", tt[0], tt[1], got, err)
		}
	}
}

func FuzzAdd(f *testing.F) {
	f.Add("1", "2.5")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, err := addNumbers(a, b); err == nil && !json.Valid([]byte(got)) && json.Valid([]byte("["+a+","+b+"]")) {
			t.Errorf("%q + %q = %q", a, b, got)
		}
	})
}
