//go:build unix

package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/task"
)

func TestSubmitManyReturnsAResultForEachTask(t *testing.T) {
	c, in := startAdder(t)
	later := task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}
	got := require[[]client.BatchLineResult](t)(c.SubmitMany(t.Context(), []task.Request{
		{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":2}`), Key: "mine"}, {Pool: "addr"}, later, later, later, {Pool: "adder", Data: json.RawMessage(`{`)},
	}))
	if len(got) != 6 || got[0].Err != nil || got[0].Task.Key != "mine" || got[2].Err != nil {
		t.Fatalf("%+v", got)
	}
	if !errors.Is(got[1].Err, &client.Error{Status: 404}) || !errors.Is(got[4].Err, &client.Error{Status: 429}) {
		t.Errorf("%v, %v; want 404 and 429", got[1].Err, got[4].Err)
	}
	if !errors.Is(got[5].Err, task.ErrInvalid) {
		t.Errorf("no JSON: %v", got[5].Err)
	}
	if end, err := in.Client().Wait(t.Context(), got[0].Task.ID); err != nil || string(end.Result) != `{"sum":3}` {
		t.Errorf("%s, %v", end.Result, err)
	}
	if none := require[[]client.BatchLineResult](t)(c.SubmitMany(t.Context(), nil)); len(none) != 0 {
		t.Errorf("%+v", none)
	}
}

// A broken answer still gives the results that came before the break.
func TestSubmitManyKeepsTheResultsBeforeABreak(t *testing.T) {
	first := `{"id":"00000000-0000-4000-8000-000000000001","state":"queued"}` + "\n"
	for name, rest := range map[string]string{
		"half a line": `{"id":"000`, "nothing": "", "no JSON": "hello\n", "no data": `{"success":false}` + "\n",
	} {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(first)+len(rest))
		c := client.New(serveCannedAnswer(t, head+first+rest), client.ReconnectFor(0))
		got, err := c.SubmitMany(t.Context(), make([]task.Request, 2))
		if len(got) != 1 || err == nil || !strings.Contains(err.Error(), "has broken off") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		c.Close()
	}
}
