package initiator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

// arrays returns JSON arrays that are nested that deep.
func arrays(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

const tooDeep = "nested more than 1000 deep"

// postRaw sends a body to the API over the socket, and returns the status and the
// answer.
func postRaw(t *testing.T, in *initiatortest.Server, path, kind, body string) (int, string) {
	t.Helper()
	var dialer net.Dialer
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", in.Initiator().Socket())
	}
	c := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://initiator/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// Data that is nested too deep is refused wherever a task enters: encoding/json
// could not read it again inside the record of its task, and the list of all tasks
// would be unreadable.
func TestNestingIsCheckedWhereTasksEnter(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, parentINI, initiatortest.Only("parent", "adder"))
	ctx := t.Context()
	for _, depth := range []int{1001, 9_999, 20_000} {
		data := arrays(depth)
		request := `{"pool":"adder","data":` + data + `}`
		if status, answer := postRaw(t, in, "/tasks", "application/json", request); status != 400 || !strings.Contains(answer, tooDeep) {
			t.Errorf("%d deep: %d %.200s", depth, status, answer)
		}
		for path, line := range map[string]string{
			"/tasks":        request,
			"/tasks/import": `{"id":"0191d7a0-0000-7000-8000-000000000000","pool":"adder","priority":5,"state":"completed","attempt":1,"policy":{"attempts":1},"submitted":"2030-01-01T00:00:00Z","result":` + data + `}`,
		} {
			if status, answer := postRaw(t, in, path, "application/x-ndjson", line+"\n"); status != 200 || !strings.Contains(answer, tooDeep) {
				t.Errorf("a line to %s, %d deep: %d %.200s", path, depth, status, answer)
			}
		}
		if _, err := in.Client().Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(data)}); !errors.Is(err, task.ErrInvalid) || !strings.Contains(err.Error(), tooDeep) && !strings.Contains(err.Error(), "exceeded max depth") {
			t.Errorf("in the process, %d deep: %v", depth, err)
		}
		submitDeepByStream(t, in, data)
		child := in.Run(task.Request{Pool: "parent.deep", Data: json.RawMessage(fmt.Sprint(depth))})
		if child.State != task.Failed || !strings.Contains(child.Reason, tooDeep) && !strings.Contains(child.Reason, "exceeded max depth") {
			t.Errorf("a child, %d deep: %s: %s", depth, child.State, child.Reason)
		}
	}
	if status, answer := postRaw(t, in, "/tasks", "application/json", `{"pool":"adder","data":`+arrays(1000)+`}`); status != 201 {
		t.Errorf("at the limit: %d %.200s", status, answer)
	}
	c := client.New(in.Initiator().Socket())
	defer c.Close()
	if _, err := c.List(ctx, task.Filter{}); err != nil {
		t.Error(err)
	}
}

// submitDeepByStream expects that the stream refuses the data, and goes on.
func submitDeepByStream(t *testing.T, in *initiatortest.Server, data string) {
	t.Helper()
	c := client.New(in.Initiator().Socket())
	defer c.Close()
	var refused *client.Error
	if _, err := c.Call(t.Context(), task.Request{Pool: "adder", Data: json.RawMessage(data)}); !errors.As(err, &refused) || refused.Status != 400 || !strings.Contains(refused.Message, tooDeep) {
		t.Errorf("by stream: %v", err)
	}
	if _, err := c.Call(t.Context(), task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`)}); err != nil {
		t.Error(err)
	}
}

// A program of exec that writes JSON of any depth ends its task with a reason, in
// both modes.
func TestNestedOutputOfExec(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, `
[worker:once]
exec = sh -c 'read -r depth; printf "%*s" "$$depth" "" | tr " " "["; printf "%*s" "$$depth" "" | tr " " "]"'

[worker:lines]
exec      = sh -c 'while read -r depth; do printf "%*s" "$$depth" "" | tr " " "["; printf "%*s\n" "$$depth" "" | tr " " "]"; done'
exec_mode = lines
`)
	for _, pool := range []string{"once", "lines"} {
		for _, depth := range []string{"1001", "20000"} {
			got := in.Run(task.Request{Pool: pool, Data: json.RawMessage(depth)})
			if got.State != task.Failed || !strings.Contains(got.Reason, tooDeep) {
				t.Errorf("%s, %s deep: %s: %.300s", pool, depth, got.State, got.Reason)
			}
		}
		if got := in.Call(pool, 1000); got != arrays(1000) {
			t.Errorf("%s at the limit: %.100s", pool, got)
		}
	}
}
