package jobs

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/jobstest"
	"initiator/internal/webhook"
)

// A worker tells its handlers that it will be stopped, and ends those that go on. A
// task that this ends is handed back, and a task that completes is completed.
func TestStopInEveryLanguage(t *testing.T) {
	tests := []struct {
		name, handler string
		notice        bool   // the answer to a heartbeat says stopping, without a signal
		keys          string // of the INI
		how           string // of the report; "" = none
		code          int    // of the report
		exit          int
	}{
		{name: "notice, finish", handler: "finish", notice: true, how: "complete"},
		{name: "notice, save", handler: "save", notice: true, how: "fail", code: 101},
		{name: "signal, finish", handler: "finish", how: "complete"},
		{name: "signal, save", handler: "save", how: "fail", code: 101},
		{name: "signal, after drain", handler: "ignore the notice", keys: "drain = 0\n", how: "fail", code: 101},
		{name: "signal, before stopwaitsecs", handler: "ignore the notice", keys: "stopwaitsecs = 8\n", how: "fail", code: 101},
		{name: "ignored", handler: "ignore all", keys: "drain = 0\nstopwaitsecs = 1\n", exit: 1},
	}
	jobstest.Each(t, ".", self(languageWorker), func(t *testing.T, l jobstest.Language, command []string) {
		for row, tt := range tests {
			if !l.TakesRow(row) {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				p := spawnConnected(t, command, tt.keys)
				reports := p.collectReports()
				p.giveMethod("1", "wait", `{"how":"`+tt.handler+`"}`)
				p.waitHeartbeat(func(r webhook.RunningTask) bool { return string(r.Progress) == `"x"` })
				if tt.notice {
					p.sendNotice(reports, tt.how, tt.code)
					signalProcess(t, p, syscall.SIGTERM)
				} else {
					signalProcess(t, p, syscall.SIGTERM)
					if tt.how != "" {
						expectReport(t, p.nextReport(reports), tt.how, tt.code)
					}
				}
				if code := p.waitExit(); code != tt.exit {
					t.Errorf("exit code %d, want %d", code, tt.exit)
				}
			})
		}
	})
}

// sendNotice gives the notice in the answers to heartbeats, and checks the report of the
// task that ends.
func (p *peer) sendNotice(reports chan report, how string, code int) {
	p.t.Helper()
	collect := p.answer
	p.answerWith(func(r *http.Request, body []byte) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/heartbeat") {
			return http.StatusOK, `{"success":true,"code":0,"message":"Received!","data":{"stopping":true}}`
		}
		return collect(r, body)
	})
	expectReport(p.t, p.nextReport(reports), how, code)
}

func expectReport(t *testing.T, got report, how string, code int) {
	t.Helper()
	if got.how != how || got.Code != code || got.Retry != (code != 0) {
		t.Errorf("reported %+v, want %s with code %d", got, how, code)
	}
}
