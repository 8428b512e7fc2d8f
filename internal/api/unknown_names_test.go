package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
)

// Every route refuses names that it does not know, and says which is meant.
func TestUnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	const some = "/api/v1/tasks/0191d7a0-0000-7000-8000-000000000000"
	for _, test := range []struct{ method, path, body, says string }{
		{"POST", "/api/v1/tasks", `{"pool":"adder","retries":3}`, `unknown member "retries"; known names: id, key, pool, `},
		{"POST", "/api/v1/tasks", `{"pool":"adder","callbak":"http://x"}`, `unknown member "callbak"; did you mean "callback"?`},
		{"POST", "/api/v1/tasks", `{"Pool":"adder"}`, `unknown member "Pool"; did you mean "pool"?`},
		{"POST", "/api/v1/tasks", `{"pool":"adder","ATTEMPTS":1}`, `unknown member "ATTEMPTS"; did you mean "attempts"?`},
		{"POST", "/api/v1/tasks", `{"pool":"adder","priority":1,"priority":2}`, `member "priority" is given twice`},
		{"POST", "/api/v1/tasks", ` { "pool" : "adder" , "d\u0061t" : [{"x":"}\\"}] } `, `unknown member "dat"; did you mean "data"?`},
		{"POST", some + "/cancel", `{"reason":"x"}`, `unknown member "reason"; no members are expected here`},
		{"POST", some + "/retry", `{"attempts":1}`, `unknown member "attempts"`},
		{"POST", "/api/v1/tasks/retry", `{"pol":"adder"}`, `did you mean "pool"?`},
		{"POST", "/api/v1/pools/pause", `{"names":["all"],"for":"1m"}`, `unknown member "for"; known names: names`},
		{"POST", "/api/v1/workers", `{"module":"adder","guids":"x"}`, `did you mean "guid"?`},
		{"POST", "/api/v1/workers/stop", `{"names":["all"],"kill":true}`, `unknown member "kill"`},
		{"POST", "/api/v1/workers/stop", `{"names":["adder"],"rolling":true}`, `"rolling" is for /workers/restart`},
		{"POST", "/api/v1/workers/signal", `{"name":["all"],"signal":"HUP"}`, `did you mean "names"?`},
		{"POST", "/api/v1/workers/signal", `{"names":["all"],"signal":"HUP","to":"all"}`, `"to" must be "group" or "main"`},
		{"POST", "/api/v1/workers/adder/scale", `{"replica":1}`, `did you mean "replicas"?`},
		{"POST", "/api/v1/logs/reopen", `{"x":1}`, `unknown member "x"`},
		{"POST", "/api/v1/reload", `{"dry_run":true}`, `unknown member "dry_run"`},
		{"POST", "/api/v1/upgrade", `{"file":"x"}`, `unknown member "file"`},
		{"POST", "/api/v1/shutdown", `{"Kill":true}`, `did you mean "kill"?`},
		{"GET", "/api/v1/tasks?stat=dead", "", `unknown query parameter "stat"; did you mean "state"?`},
		{"GET", "/api/v1/tasks?limit=1&limit=2", "", `the query parameter "limit" is given twice`},
		{"GET", "/api/v1/tasks?limit=%zz", "", `the query cannot be read`},
		{"POST", "/api/v1/tasks?wiat=1s", `{"pool":"adder"}`, `did you mean "wait"?`},
		{"GET", some + "?wait=1s&follow=1", "", `unknown query parameter "follow"`},
		{"GET", some + "/events?pool=adder", "", `unknown query parameter "pool"; no parameters are expected here`},
		{"GET", "/api/v1/tasks/events?pools=adder", "", `did you mean "pool"?`},
		{"GET", "/api/v1/pools?name=adder", "", `unknown query parameter "name"`},
		{"GET", "/api/v1/workers?name=adder", "", `unknown query parameter "name"`},
		{"GET", "/api/v1/workers/adder/logs?tails=1", "", `did you mean "tail"?`},
		{"GET", "/api/v1/workers/adder/logs?follow=yes", "", `follow "yes" is neither 1 nor 0`},
		{"GET", "/api/v1/workers/adder/logs?format=jsn", "", `format "jsn" does not exist`},
		{"GET", "/api/v1/events?follow=no", "", `follow "no" is neither 1 nor 0`},
		{"GET", "/api/v1/events?sinc=1&follow=0", "", `did you mean "since"?`},
		{"GET", "/api/v1/status?x", "", `unknown query parameter "x"`},
		{"GET", "/stream?token=x", "", `unknown query parameter "token"`},
	} {
		status, body := c.do(test.method, test.path, test.body)
		if status != 400 {
			t.Errorf("%s %s %s: %d %.200s", test.method, test.path, test.body, status, body)
			continue
		}
		if got := envelope(t, body, 701); !strings.Contains(got, test.says) {
			t.Errorf("%s %s %s: %q does not say %q", test.method, test.path, test.body, got, test.says)
		}
	}
}

// A line of a batch and a request on a stream refuse the names that POST /tasks
// refuses.
func TestUnknownNamesInBatchAndStream(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	const callbak = `unknown member "callbak"; did you mean "callback"?`
	_, body := c.do("POST", "/api/v1/tasks", `{"pool":"closed","callbak":"x"}`+"\n"+`{"pool":"closed"}`+"\n", "Content-Type", "application/x-ndjson")
	if got := parseAnswer(t, body); len(got) != 2 || got[0].Message != callbak || got[0].Fault.Status != 400 || got[1].Success != nil {
		t.Errorf("submit: %s", body)
	}
	_, record := c.do("POST", "/api/v1/tasks", `{"pool":"closed"}`)
	_, body = c.do("POST", "/api/v1/tasks/import", strings.Replace(record, "{", `{"callbak":"x",`, 1), "Content-Type", "application/x-ndjson")
	if got := parseAnswer(t, body); len(got) != 1 || !strings.Contains(got[0].Message, callbak) || got[0].Fault.Status != 400 {
		t.Errorf("import: %s", body)
	}
	s := openStream(t, in)
	for header, says := range map[string]string{
		`{"p":"adder","o":{"callbak":"x"}}`:            `the options: ` + callbak,
		`{"p":"adder","o":{"data":{"a":1}}}`:           `the options: the data of a task is the data of the message`,
		`{"p":"adder","callback":"x"}`:                 `the header: unknown member "callback"; known names: k, p, m, id, g, o; options of the task belong in "o"`,
		`{"p":"adder","p":"closed"}`:                   `the header: member "p" is given twice`,
		`{"k":"wait","ID":"` + uuid.NewString() + `"}`: `the header: unknown member "ID"; did you mean "id"?`,
	} {
		id := uuid.New()
		s.sendRequest(id, header, "{}")
		got := s.readAnswer()
		var h struct {
			C, H int
			R    string
		}
		if err := json.Unmarshal([]byte(got.header), &h); err != nil || got.id != id || h.C != 701 || h.H != 400 || !strings.HasPrefix(h.R, says) {
			t.Errorf("%s: %s, want %s", header, got.header, says)
		}
	}
}
