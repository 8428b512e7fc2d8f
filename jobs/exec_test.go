package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/webhook"
	"initiator/worker"
)

// execJob returns the arguments of a worker that runs a command.
func execJob(command ...string) []string { return append(append(self("exec"), "--"), command...) }

func sh(script string) []string { return execJob("sh", "-c", script) }

// TestExecTasks gives commands one task each, as processes.
func TestExecTasks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what   string
		argv   []string
		data   string
		status string
		result string // %s stands for any text
	}{
		{"JSON stays as it is", execJob("cat"), `{ "any" : [1, 2.50, null] }`, "completed", `{ "any" : [1, 2.50, null] }`},
		{"data are optional", execJob("cat"), `null`, "completed", `null`},
		{"text is a string", sh("echo hello '<&>'"), `1`, "completed", `"hello <&>"`},
		{"several lines", sh("echo one; echo two"), `1`, "completed", `"one\ntwo"`},
		{"nothing is a string too", execJob("true"), `1`, "completed", `""`},
		{"what is no text is a data URL", sh(`printf '\211PNG\r\n\032\n\377'`), `1`, "completed", `"data:image/png;base64,iVBORw0KGgr/"`},
		{"a data URL is what it stands for", sh("od -An -tx1"), `"data:image/png;base64,iVBORw0KGgr/"`, "completed", `" 89 50 4e 47 0d 0a 1a 0a ff"`},
		{"there and back", execJob("cat"), `"data:image/png;base64,iVBORw0KGgr/"`, "completed", `"data:image/png;base64,iVBORw0KGgr/"`},
		{"arguments of its own", execJob("echo", "--port", "1", "--guid", "x"), `1`, "completed", `"--port 1 --guid x"`},
		{"which task it is", sh(`echo "$INITIATOR_TASK $INITIATOR_ATTEMPT $INITIATOR_GUID$INITIATOR_FDS"`), `1`, "completed", `"%s 1 a1b2"`},
		{"data that nobody reads", execJob("true"), `"` + strings.Repeat("x", 1<<20) + `"`, "completed", `""`},
		{"a bad end", execJob("false"), `1`, "failed", `{"code":1,"message":"exit code 1","stderr":""}`},
		{"last words", sh("echo one >&2; printf 'two' >&2; exit 3"), `1`, "failed", `{"code":3,"message":"exit code 3","stderr":"one\ntwo"}`},
		{"only the last words", sh("head -c 10000 /dev/zero | tr '\\0' x >&2; exit 3"), `1`, "failed", `{"code":3,"message":"exit code 3","stderr":"` + strings.Repeat("x", tailSize) + `"}`},
		{"killed", sh("kill -9 $$"), `1`, "failed", `{"message":"killed by SIGKILL","signal":"KILL","stderr":""}`},
		{"too much", execJob("cat", "/dev/zero"), `1`, "failed", `{"message":"it wrote more than 32 MiB to stdout; write a file and answer its name","stderr":%s}`},
		{"too much, and it ignores SIGPIPE", sh("trap '' PIPE; while :; do head -c 10000000 /dev/zero 2>&-; done"), `1`, "failed", `{"message":"it wrote more than 32 MiB to stdout; write a file and answer its name","stderr":%s}`},
		{"too much as JSON", sh("head -c 12000000 /dev/zero"), `1`, "failed", `{"message":"its output has 69 MiB as JSON, and a result may have 64 MiB; write a file and answer its name"}`},
		{"a crash that a shell reports", sh("sh -c 'kill -SEGV $$'; exit $?"), `1`, "failed", `{"code":139,"message":"exit code 139: a shell reports that SIGSEGV killed its program","signal":"SEGV","stderr":%s}`},
		{"a descendant holds the pipe", sh("sleep 3600 & echo done"), `1`, "completed", `"done"`},
	}
	for i, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			p := spawn(t, tt.argv, "")
			p.connect()
			status, result := p.inline(fmt.Sprint(i), tt.data)
			before, after, any := strings.Cut(tt.result, "%s")
			same := result == tt.result || any && strings.HasPrefix(result, before) && strings.HasSuffix(result, after)
			if status != tt.status || !same {
				t.Errorf("%s %.300s", status, result)
			}
		})
	}
}

// TestExecRetries: which failures allow another attempt, by retry_exitcodes ("" = not
// given).
func TestExecRetries(t *testing.T) {
	t.Parallel()
	type row struct {
		script string
		retry  bool
	}
	for codes, rows := range map[string][]row{
		"":    {{"exit 75", true}, {"exit 1", false}},
		"any": {{"exit 1", true}},
		"7,9": {{"exit 9", true}, {"exit 75", false}},
		"none": {
			{"exit 75", false},
			{"kill -SEGV $$", true},
			{"sh -c 'kill -ABRT $$'; exit $?", true},
			{"exit 129", false}, // git after wrong usage
		},
	} {
		t.Run(codes, func(t *testing.T) {
			t.Parallel()
			more := ""
			if codes != "" {
				more = "retry_exitcodes = " + codes + "\n"
			}
			p := spawn(t, sh(`read -r script; script=${script#?}; eval "${script%?}"`), more) // without the quotes of the JSON
			p.connect()
			for i, tt := range rows {
				answer := p.inlineAnswer(fmt.Sprint(i), `"`+tt.script+`"`)
				if answer.Status != "failed" || answer.Retry != tt.retry {
					t.Errorf("%s: %+v", tt.script, answer)
				}
			}
		})
	}
}

// TestExecRefusesWrongSettings, which only a worker without an initiator has.
func TestExecRefusesWrongSettings(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"retry_exitcodes = some": "use any, none or a list such as 75,1",
		"exec_ids = perhaps":     "exec_ids = perhaps: use true or false",
	} {
		p := spawn(t, execJob("cat"), setting+"\n")
		if e := p.call(webhook.ConnectionRefused, "POST", "/connect", p.connectBody()); !strings.Contains(string(e.Data), want) {
			t.Errorf("%s: %s", setting, e.Data)
		}
	}
}

func TestExecWithoutCommand(t *testing.T) {
	for _, args := range [][]string{nil, {"--"}, {"--port", "0"}, {"--port", "0", "--", "no-such-program"}} {
		if err := Run(t.Context(), "exec", args, nil); worker.ExitCode(err) != worker.ExitUsage {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// TestExecCancelEndsTheGroup: the process, and the processes that it has
// started.
func TestExecCancelEndsTheGroup(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	p := spawn(t, sh("trap '' TERM; sleep 3600 & echo $$ $! >"+pids+".new; mv "+pids+".new "+pids+"; wait; wait"), "")
	p.connect()
	p.give("1", `1`)
	p.waitHeartbeat(func(webhook.RunningTask) bool { _, err := os.Stat(pids); return err == nil })
	p.cancel("1")
	p.wantResult("1", "fail", `{"message":"cancelled by the initiator"}`)
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(field); err != nil || alive(pid) {
			t.Errorf("process %s lives on (%v)", field, err)
		}
	}
}

// alive reports whether a process runs. A zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if os.IsNotExist(err) {
		return syscall.Kill(pid, 0) == nil
	}
	at := strings.LastIndex(string(stat), ") ")
	return at < 0 || stat[at+2] != 'Z'
}

// TestExecRespectsSlots: as many processes as slots run, and one more task is
// refused.
func TestExecRespectsSlots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := spawn(t, sh("touch "+dir+"/$INITIATOR_TASK; while ! test -e "+dir+"/go; do sleep 0.1; done"), "slots = 2\n")
	p.connect()
	p.give("a", `1`)
	p.give("b", `1`)
	p.waitHeartbeat(func(webhook.RunningTask) bool {
		here, err := filepath.Glob(dir + "/?")
		return err == nil && len(here) == 2
	})
	p.call(webhook.SlaveBusy, "POST", "/task/new", task("c", "1"))
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-p.results; !strings.HasSuffix(got, `complete ""`) {
			t.Error(got)
		}
	}
}

// TestExecEnvironment: the process does not get the worker's descriptors, and
// gets the task.
func TestExecEnvironment(t *testing.T) {
	got := taskEnvironment(t.Context(), []string{"A=1", "INITIATOR_FDS=3:1:2", "INITIATOR_GUID=g"})
	if strings.Join(got, " ") != "A=1 INITIATOR_GUID=g" {
		t.Error(got)
	}
}
