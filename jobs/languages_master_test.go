package jobs

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"initiator/internal/jobstest"
	"initiator/internal/webhook"
)

// spawnConnected starts a worker with the handlers of jobstest and connects it.
func spawnConnected(t *testing.T, command []string, more string) *peer {
	t.Helper()
	p := spawn(t, command, more)
	p.connect()
	return p
}

// giveMethod gives a task for one of the handlers of jobstest.
func (p *peer) giveMethod(id, method, data string) {
	p.t.Helper()
	body := task(id, data)
	body.Task.Method = method
	p.call(webhook.Success, "POST", "/task/new", body)
}

// nextReport returns the next report: its task, how the task ended, and the body.
func (p *peer) nextReport(reports chan report) report {
	p.t.Helper()
	select {
	case r := <-reports:
		return r
	case <-time.After(patience):
		p.t.Fatal("waited in vain for a report")
	}
	return report{}
}

// report is the report of a result as the master received it.
type report struct {
	id, how string
	Result  struct{ Message string }
	Retry   bool
	Code    int
}

// collectReports makes the master pass on every report, and answer the first ones
// differently: each answer is a status and a body.
func (p *peer) collectReports(answers ...[2]any) chan report {
	reports := make(chan report, 10_000)
	var n atomic.Int64
	p.answerWith(func(r *http.Request, body []byte) (int, string) {
		if !strings.HasPrefix(r.URL.Path, "/slave/task/") {
			return 0, ""
		}
		var ref struct{ Task webhook.TaskRef }
		got := report{how: strings.TrimPrefix(r.URL.Path, "/slave/task/")}
		_ = json.Unmarshal(body, &ref) // a result that is not an object leaves the message empty
		_ = json.Unmarshal(body, &got)
		got.id = ref.Task.ID
		reports <- got
		if at := int(n.Add(1)) - 1; at < len(answers) {
			return answers[at][0].(int), answers[at][1].(string)
		}
		return 0, ""
	})
	return reports
}

// A master that cannot take a result gets a final failure that says so. After every
// other answer that does not settle the report, the worker repeats it.
func TestRefusedResultInEveryLanguage(t *testing.T) {
	tests := []struct {
		status int
		answer string
		want   string // of the second report: the failure's message; "" = the same report again
	}{
		{413, `{"success":false,"code":702,"message":"The body is too large.","data":null}`, "was refused: The body is too large."},
		{400, `{"success":false,"code":701,"message":"not JSON","data":null}`, "was refused: not JSON"},
		{413, `<html>nginx</html>`, "was refused: it is too large for a server on the way (HTTP 413)"},
		{400, `<html>proxy</html>`, ""},
		{401, `{"success":false,"code":101,"message":"shutting down","data":null}`, ""},
		{408, `{"success":false,"code":703,"message":"too slow","data":null}`, ""},
		{503, `<html>proxy</html>`, ""},
		{500, `{"success":false,"code":799,"message":"disk full","data":null}`, ""},
		{200, `not an envelope`, ""},
	}
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		p := spawnConnected(t, command, "")
		for _, tt := range tests {
			reports := p.collectReports([2]any{tt.status, tt.answer})
			id := webhook.NewToken()
			p.giveMethod(id, "end", `{"how":"result"}`)
			first, second := p.nextReport(reports), p.nextReport(reports)
			if first.id != id || first.how != "complete" || second.id != id {
				t.Errorf("%d: reported %+v, then %+v", tt.status, first, second)
			}
			if how := second.how; tt.want == "" && how != "complete" || tt.want != "" && how != "fail" || second.Retry {
				t.Errorf("%d %.20s: reported %+v after the refusal, want %q", tt.status, tt.answer, second, tt.want)
			}
			if !strings.Contains(second.Result.Message, tt.want) {
				t.Errorf("%d: the message is %q, want %q", tt.status, second.Result.Message, tt.want)
			}
		}
	})
}

// A worker that has lost its master cancels the handlers and reports nothing of them,
// although the master would take it.
func TestLostMasterGetsNoResultInEveryLanguage(t *testing.T) {
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		p := spawnConnected(t, command, "heartbeat_tolerance = 0.4\n")
		p.giveMethod("lost", "wait", `{"how":"ignore the notice"}`)
		reports := make(chan string, 100)
		p.answerWith(func(r *http.Request, body []byte) (int, string) {
			if r.URL.Path == "/slave/heartbeat" {
				return 503, "the master is ill"
			}
			reports <- string(body)
			return 0, ""
		})
		for { // until the worker has lost its master
			e, _, err := p.client.Do(t.Context(), "POST", "/connect", p.session, p.connectBody())
			if err != nil {
				t.Fatal(err)
			}
			if e.Success {
				break
			}
		}
		p.giveMethod("next", "end", `{"how":"result"}`)
		if got := <-reports; !strings.Contains(got, `"next"`) {
			t.Errorf("reported %s, want only the task of the new session", got)
		}
	})
}

// The time in which a worker was frozen is no sign of a lost master: the heartbeat that
// was on its way fails, and the session and its task go on.
func TestFrozenWorkerKeepsItsMasterInEveryLanguage(t *testing.T) {
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		p := spawnConnected(t, command, "heartbeat_tolerance = 3\n")
		p.giveMethod("1", "wait", `{"how":"finish"}`)
		beating, thaw := make(chan struct{}, 100), make(chan struct{})
		p.answerWith(func(r *http.Request, _ []byte) (int, string) {
			if r.URL.Path != "/slave/heartbeat" {
				return 0, ""
			}
			beating <- struct{}{}
			<-thaw
			return 503, "it came too late"
		})
		<-beating
		signalProcess(t, p, syscall.SIGSTOP)
		<-time.After(4 * time.Second) // the length of the freeze: more than the tolerance
		p.answerWith(nil)
		close(thaw)
		signalProcess(t, p, syscall.SIGCONT)
		p.waitHeartbeat(func(r webhook.RunningTask) bool { return r.ID == "1" })
		e, _, err := p.client.Do(t.Context(), "POST", "/connect", "another", p.connectBody())
		if err != nil || e.Code != webhook.AlreadyConnected.Number {
			t.Errorf("a connect after the freeze is answered with %d %s %v", e.Code, e.Message, err)
		}
	})
}

func signalProcess(t *testing.T, p *peer, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// A worker whose log has no reader, because the keeper has died, still reports how its
// tasks end.
func TestWorkerOutlivesItsLogInEveryLanguage(t *testing.T) {
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, _ jobstest.Language, command []string) {
		p := spawnConnected(t, command, "")
		reports := p.collectReports()
		p.log.Close()
		for _, id := range []string{"1", "2"} {
			p.giveMethod(id, "end", `{"how":"exception"}`)
			if got := p.nextReport(reports); got.id != id || got.how != "fail" || !got.Retry {
				t.Errorf("reported %+v", got)
			}
		}
	})
}

// Every heartbeat tells the resident memory. Progress that is too large for one
// heartbeat takes turns.
func TestHeartbeatsOfScripts(t *testing.T) {
	jobstest.Each(t, ".", nil, func(t *testing.T, _ jobstest.Language, command []string) {
		p := spawnConnected(t, command, "slots = 40\nheartbeat_tolerance = 60\n")
		var rss, largest atomic.Int64
		p.answerWith(func(r *http.Request, body []byte) (int, string) {
			if r.URL.Path != "/slave/heartbeat" {
				return 0, ""
			}
			largest.Store(max(largest.Load(), int64(len(body))))
			var b webhook.HeartbeatBody
			if len(body) < 64<<10 && json.Unmarshal(body, &b) == nil { // the master decodes the large ones
				rss.Store(b.RSS)
			}
			return 0, ""
		})
		waitFor(t, func() bool { return rss.Load() > 0 })
		const count = 17 // more than 2 MiB
		for i := range count {
			p.giveMethod(string(rune('a'+i)), "wait", `{"how":"finish","progress":125000}`)
		}
		seen := map[string]bool{}
		p.waitHeartbeat(func(r webhook.RunningTask) bool {
			if len(r.Progress) > 0 {
				seen[r.ID] = true
			}
			return len(seen) == count
		})
		if got := largest.Load(); got > 17<<17 {
			t.Errorf("a heartbeat has %d bytes", got)
		}
		if got := rss.Load(); got < 1<<20 || got > 2<<30 {
			t.Errorf("the resident memory is %d bytes", got)
		}
	})
}
