package initiator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// Any command is a worker, from the INI to the result.
func TestExec(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:thumbnail]
exec  = sh -c 'od -An -tx1 | head -c 24; printf "\211PNG\r\n\032\n"'
slots = 2

[worker:cat]
exec = cat

[worker:broken]
exec     = sh -c 'echo no >&2; exit 3'
attempts = 1

[worker:counter]
exec      = sh -c 'while read -r line; do n=$$((n+1)); echo "[$$n,$$line]"; done'
exec_mode = lines
`)
	if got := in.Call("cat", json.RawMessage(`{"a":[1,2.50]}`)); got != `{"a":[1,2.50]}` {
		t.Errorf("cat: %s", got)
	}
	const png = `"data:image/png;base64,iVBORw0KGgo="`
	if got := in.Call("thumbnail", json.RawMessage(png)); !strings.HasPrefix(got, `"data:application/octet-stream;base64,`) {
		t.Errorf("thumbnail: %s", got)
	}
	got := in.Run(task.Request{Pool: "broken"})
	if got.State != task.Failed || string(got.Result) != `{"code":3,"message":"exit code 3","stderr":"no"}` {
		t.Errorf("broken: %s %s", got.State, got.Result)
	}
	for _, want := range []string{"[1,1]", "[2,1]", "[3,1]"} {
		if got := in.Call("counter", 1); got != want {
			t.Errorf("counter: %s, want %s", got, want)
		}
	}
}

// A task whose process was killed is tried again, as a task of a lost worker is.
func TestExecRetriesKilledProcess(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:dies]
exec        = sh -c 'test $$INITIATOR_ATTEMPT = 3 || kill -9 $$$$; echo $$INITIATOR_ATTEMPT'
retry_delay = 1ms
`)
	if got := in.Call("dies", 1); got != "3" {
		t.Errorf("got %s", got)
	}
}
