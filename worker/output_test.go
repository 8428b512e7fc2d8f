//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"initiator/initiator/task"
)

func TestWholeCharacters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"":                {"", ""},
		"plain":           {"plain", "plain"},
		"zw\xc3":          {"zw", "zw?"},
		"zw\xc3\xb6":      {"zwö", "zwö"},
		"\xe2\x82":        {"", "??"},
		"\xf0\x9f\x98":    {"", "???"},
		"a\xff":           {"a\xff", "a?"},
		"\xb6\xb6\xb6":    {"\xb6\xb6\xb6", "???"},
		"a\xc3b":          {"a\xc3b", "a?b"},
		"\xef\xbf\xbd ok": {"\xef\xbf\xbd ok", "\xef\xbf\xbd ok"}, // a replacement character that the text contains
	} {
		if got := string(trimPartialRune([]byte(text))); got != want[0] {
			t.Errorf("%q: whole %q, want %q", text, got, want[0])
		}
		if got := string(replaceInvalidUTF8([]byte(text))); got != want[1] || len(got) != len(text) {
			t.Errorf("%q: legible %q, want %q", text, got, want[1])
		}
	}
}

// TestOutputInHeartbeats: without a stream heartbeats carry the newest output,
// and the number of bytes before it.
func TestOutputInHeartbeats(t *testing.T) {
	t.Parallel()
	run := newExecution(&executor{}, nil, &Task{ID: "1"}, attemptKey{}, waiter{})
	ctx := context.WithValue(t.Context(), runKey{}, run)
	if run.runningSnapshot().Output != nil {
		t.Error("of nothing written")
	}
	fmt.Fprint(Output(ctx), "hello, ")
	fmt.Fprint(Output(ctx), "you\xc3")
	if got := run.runningSnapshot(); got.Output == nil || *got.Output != (task.Output{Text: "hello, you"}) || got.Seq != 3 {
		t.Errorf("%+v", got)
	}
	fmt.Fprint(Output(ctx), strings.Repeat("x", outputLimit)+"\xffend")
	got := run.runningSnapshot().Output
	if got.At != 10+1+1+3 || len(got.Text) != outputLimit || !strings.HasSuffix(got.Text, "x?end") {
		t.Errorf("at %d, %d bytes: …%s", got.At, len(got.Text), got.Text[len(got.Text)-10:])
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
	run.returned.markHappened()
	fmt.Fprint(Output(ctx), "late")
	if again := run.runningSnapshot().Output; *again != *got {
		t.Error("what comes after the end is told")
	}
	fmt.Fprint(Output(t.Context()), "nobody's")
}
