package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// answerLine is a line of the answer: a record, or the envelope of a fault.
type answerLine struct {
	task.Task
	Success *bool
	Code    int
	Message string
	Fault   struct{ Line, Status int }
}

func parseAnswer(t *testing.T, body string) (all []answerLine) {
	t.Helper()
	for line := range strings.Lines(body) {
		var v answerLine
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if v.Success != nil {
			if err := json.Unmarshal(v.Data, &v.Fault); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		all = append(all, v)
	}
	return all
}

func TestEachLineHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overTCP(t, in)
	status, body := c.do("POST", "/api/v1/tasks", strings.Join([]string{
		`{"pool":"adder","data":{"a":1,"b":1}}`,
		`{"pool":"adder"`,
		``,
		`{"pool":"addr"}`,
		`{"pool":"adder","attempts":-1}`,
		`{"pool":"adder","key":"k","data":{"a":2,"b":2}}`,
		`{"pool":"adder","key":"k","data":{"a":9,"b":9}}`,
		"{\"pool\":\"\xff\"}",
		`{"pool":"closed"}`, `{"pool":"closed"}`, `{"pool":"closed"}`,
		`{"pool":"adder","data":{"a":3,"b":3}}`, // no end of line
	}, "\n"), "Content-Type", "application/x-ndjson")
	got := parseAnswer(t, body)
	if status != http.StatusOK || len(got) != 11 {
		t.Fatalf("%d, %d verdicts: %s", status, len(got), body)
	}
	for i, want := range []string{
		"ok", "2 400|not the JSON", `4 404|did you mean "adder"?`, `5 400|"attempts" is -1`, "ok", "ok",
		"8 400|not UTF-8", "ok", "ok", "11 429|queue_max = 2", "ok",
	} {
		said := "ok"
		if v := got[i]; v.Success != nil {
			said = fmt.Sprintf("%d %d %s", v.Fault.Line, v.Fault.Status, v.Message)
		}
		line, words, _ := strings.Cut(want, "|")
		if !strings.HasPrefix(said, line) || !strings.Contains(said, words) {
			t.Errorf("verdict %d: %s, want %s", i, said, want)
		}
	}
	if a, b := got[4], got[5]; a.ID != b.ID || a.Known || !b.Known {
		t.Errorf("the same key twice: %v %v, %v %v", a.ID, a.Known, b.ID, b.Known)
	}
	for i, want := range map[int]string{0: `{"sum":2}`, 5: `{"sum":4}`, 10: `{"sum":6}`} {
		if end, err := in.Client().Wait(t.Context(), got[i].ID); err != nil || string(end.Result) != want {
			t.Errorf("%s %s, %v; want %s", end.State, end.Result, err, want)
		}
	}
}

// A client that sends a line and waits gets its answer while the request goes on.
func TestAnswersArriveDuringRequest(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	lines, out := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", c.base+"/api/v1/tasks", lines)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson; charset=utf-8")
	first := make(chan error, 1)
	go func() { _, err := io.WriteString(out, `{"pool":"adder","data":{"a":1,"b":2}}`+"\n"); first <- err }()
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewScanner(res.Body)
	for n := range 3 {
		if err := <-first; err != nil || !answers.Scan() || !strings.Contains(answers.Text(), `"state":"queued"`) {
			t.Fatalf("line %d: %v, %s", n, err, answers.Text())
		}
		if n < 2 {
			go func() { _, err := io.WriteString(out, `{"pool":"adder"}`+"\n"); first <- err }()
		}
	}
	out.Close()
	if answers.Scan() {
		t.Errorf("one too many: %s", answers.Text())
	}
}

// A line above the limit is refused without being held in memory. The lines around
// it are stored.
func TestTooLargeLine(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	c := overSocket(t, in)
	small := `{"pool":"adder","data":{"a":1,"b":1}}` + "\n"
	const long = bounds.Body + 1
	lines := io.MultiReader(strings.NewReader(small), io.LimitReader(letters{}, long), strings.NewReader("\n"+small))
	_, body := c.doBody("POST", "/api/v1/tasks", lines, int64(2*len(small)+long+1), "Content-Type", "application/x-ndjson")
	got := parseAnswer(t, body)
	if len(got) != 3 || got[0].Success != nil || got[2].Success != nil || got[1].Fault.Status != http.StatusRequestEntityTooLarge || got[1].Fault.Line != 2 {
		t.Errorf("%.2000s", body)
	}
}

// A thousand lines are stored with a few writes, and no line is lost between them.
func TestManyLinesInOrder(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, strings.ReplaceAll(ini, "queue_max = 3", "queue_max = 0"))
	c := overTCP(t, in)
	var lines strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&lines, `{"pool":"adder","key":"%d","data":{"a":%d,"b":0}}`+"\n", n, n)
	}
	_, body := c.do("POST", "/api/v1/tasks", lines.String(), "Content-Type", "application/x-ndjson")
	for n, v := range parseAnswer(t, body) {
		if v.Success != nil || v.Key != fmt.Sprint(n) {
			t.Fatalf("answer %d: %+v", n, v)
		}
	}
	if n := strings.Count(body, "\n"); n != 1000 {
		t.Errorf("%d answers", n)
	}
}

func TestBatchRefusesWait(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, ini)
	status, body := overTCP(t, in).do("POST", "/api/v1/tasks?wait=1s", "{}\n", "Content-Type", "application/x-ndjson")
	if status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
}
