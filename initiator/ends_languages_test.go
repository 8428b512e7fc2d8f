package initiator_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
)

const (
	triedAgain   = "dead failed_retry failed_retry" // with two attempts
	failedAtOnce = "failed failed"
)

// The ends of a handler, which are the same in every language.
var handlerEnds = []struct {
	how   string
	want  string // the state of the task and the outcomes of its attempts
	words string // parts of the reason, joined by " … "
	part  string // of the result, without spaces
	only  string // the only languages that have it; "" = all
}{
	{how: "exception", want: triedAgain, words: "boom", part: `"traceback":"`, only: "Python Node"},
	{how: "exception", want: triedAgain, words: "boom", only: "Go"}, // an error of Go has no traceback
	{how: "panic", want: triedAgain, words: "boom", only: "Go"},
	{how: "cause", want: triedAgain, words: "cannot load the order … database is down"},
	{how: "no words", want: triedAgain, words: "Broken", part: `"traceback":"`, only: "Python Node"},
	{how: "exit", want: triedAgain, words: "SystemExit: 3", only: "Python"},
	{how: "final", want: failedAtOnce, words: "no such order", part: `"order":7`},
	{how: "text", want: failedAtOnce, words: "no such order", only: "Python Node"},
	{how: "retry", want: triedAgain, words: "busy"},
	{how: "retry after", want: triedAgain, words: "busy", part: `"retry_after":0.02`},
	{how: "snooze", want: "completed snoozed snoozed completed", part: `"wenton"`},
	{how: "permanent", want: failedAtOnce, words: "order 7 … no such order", part: `"message":"order7:nosuchorder"`, only: "Go"},
	{how: "fail with an error", want: failedAtOnce, words: "no such order", part: `"order":7`, only: "Go"},
	{how: "wrapped retry", want: triedAgain, words: "database is down", part: `"order":7`},
	{how: "wrapped final", want: failedAtOnce, words: "database is down", part: `"order":7`},
	{how: "joined retry", want: triedAgain, words: "boom", part: `"order":7`},
	{how: "number", want: failedAtOnce, words: "cannot be encoded as JSON"},
	{how: "set", want: failedAtOnce, words: "cannot be encoded as JSON", only: "Python Node"},
	{how: "bytes", want: failedAtOnce, words: "cannot be encoded as JSON", only: "Python Node"},
	{how: "circle", want: failedAtOnce, words: "cannot be encoded as JSON"},
	{how: "refused", want: failedAtOnce, words: "was refused: The body is too large: at most 1 MiB are allowed."},
	{how: "large", want: failedAtOnce, words: "has 3.0 MiB and was refused: The body is too large: at most 1 MiB are allowed.", only: "Go"},
	{how: "large", want: failedAtOnce, words: "has 3.0 MiB; at most 2 MiB can be sent", only: "Python Node"}, // the worker knows the bound
	{how: "nested", want: failedAtOnce, words: "nested more than 1000 deep", only: "Go Node"},
	{how: "nested", want: failedAtOnce, words: "cannot be encoded as JSON", only: "Python"}, // json.dumps is recursive
	{how: "nested failure", want: failedAtOnce, words: "nested more than 1000 deep", only: "Go Node"},
	{how: "nested progress", want: "completed completed", part: `"wenton"`, only: "Go Node"},
	{how: "failure with a set", want: failedAtOnce, words: "cannot be encoded as JSON"},
	{how: "large failure", want: failedAtOnce, words: "has 3.0 MiB"},
	{how: "bad progress", want: "completed completed", part: `"wenton"`},
}

// resultsUpTo1MiB lowers the bound of results from 64 MiB, so that the tests of what
// is beyond it are quick in every language. TestUndeliverableOutcomesFail and
// TestBadBodiesWithValidToken exceed the real bound.
func resultsUpTo1MiB(c *initiator.Config) { initiator.LimitResultBody(c, 1<<20) }

func TestHandlerEndsInEveryLanguage(t *testing.T) {
	jobstest.Each(t, "../jobs", []string{"${initiator:self}", "languages"}, func(t *testing.T, l jobstest.Language, command []string) {
		in := initiatortest.StartText(t, fmt.Sprintf(`
[worker:w]
command             = %s
attempts            = 2
retry_delay         = 10ms
`, strings.Join(command, " ")), initiatortest.Configure(resultsUpTo1MiB))
		for _, tt := range handlerEnds {
			if tt.only == "" || strings.Contains(tt.only, l.Name) {
				t.Run(tt.how, func(t *testing.T) {
					data, _ := json.Marshal(map[string]string{"how": tt.how}) // a map of strings always marshals
					expectEnd(t, in.Run(task.Request{Pool: "w", Method: "end", Data: data}), tt.want, tt.words, tt.part)
				})
			}
		}
		t.Run("unknown method", func(t *testing.T) {
			expectEnd(t, in.Run(task.Request{Pool: "w", Method: "nothing"}), failedAtOnce, `no method "nothing"; this worker has end`, "")
		})
	})
}

// expectEnd checks how a task has ended: its state and the outcomes of its attempts,
// the words of the reason in the record of the last attempt, and a part of the result.
func expectEnd(t *testing.T, got task.Task, want, words, part string) {
	t.Helper()
	ended := []string{string(got.State)}
	for _, a := range got.History {
		ended = append(ended, string(a.Outcome))
	}
	if s := strings.Join(ended, " "); s != want {
		t.Errorf("%s: %s, want %s", s, got.Reason, want)
	}
	why := got.History[len(got.History)-1].Error
	missing := func(w string) bool { return !strings.Contains(why, w) }
	if slices.ContainsFunc(strings.Split(words, " … "), missing) {
		t.Errorf("the reason is %.300q, want %s", why, words)
	}
	if result := strings.ReplaceAll(string(got.Result), " ", ""); !strings.Contains(result, part) {
		t.Errorf("the result is %.300s, want %s", result, part)
	}
}
