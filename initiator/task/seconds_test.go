package task_test

import (
	"encoding/json"
	"testing"
	"time"

	"initiator/initiator/task"
)

func TestSecondsInJSON(t *testing.T) {
	tests := map[string]time.Duration{
		`2`: 2 * time.Second, `0.25`: 250 * time.Millisecond, `"1m30s"`: 90 * time.Second, `0`: 0,
	}
	for text, want := range tests {
		var s task.Seconds
		if err := json.Unmarshal([]byte(text), &s); err != nil || s.Duration() != want {
			t.Errorf("%s: got %v, %v; want %v", text, s.Duration(), err, want)
		}
	}
	for _, text := range []string{`"soon"`, `true`, `{}`, `1e300`} {
		var s task.Seconds
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was read as %v", text, s.Duration())
		}
	}
	if b, err := json.Marshal(task.Seconds(1500 * time.Millisecond)); err != nil || string(b) != "1.5" {
		t.Errorf("written as %s, %v", b, err)
	}
}
