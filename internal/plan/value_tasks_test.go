package plan

import (
	"strings"
	"testing"
	"time"
)

func TestSync(t *testing.T) {
	for text, want := range map[string]Sync{
		"always": {}, "off": {Off: true}, "interval:100ms": {Every: 100 * time.Millisecond}, "interval: 2s": {Every: 2 * time.Second},
	} {
		if got, err := syncs.parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"never", "interval", "interval:", "interval:0", "interval:soon", "Always"} {
		if got, err := syncs.parse(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestRetention(t *testing.T) {
	for text, want := range map[string]Retention{
		"tasks:5, age:2d": {5, 48 * time.Hour}, "age:1min": {10_000, time.Minute}, "tasks:1": {1, time.Hour},
	} {
		if got, err := retention.parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"5", "tasks:0", "tasks:-1", "age:0", "age:old", "size:1GB", "tasks:1,"} {
		if got, err := retention.parse(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// A queue may be told to sync another way, and to remember less.
func TestTaskKeysInAFile(t *testing.T) {
	p := mustMake(t, strings.Join([]string{"[initiator]", "sync = interval:1s", "[worker:a]", "command = x", "retention = tasks:7", "retention_failed = age:2d", "retention_dead = tasks:9, age:1h", ""}, "\n"))
	tasks := mustSpec(t, p, "a").Tasks
	if p.Settings.Sync.Every != time.Second || tasks.Retention != (Retention{7, time.Hour}) ||
		tasks.RetentionFailed != (Retention{100_000, 48 * time.Hour}) || tasks.RetentionDead != (Retention{9, time.Hour}) {
		t.Errorf("%+v, %+v", p.Settings.Sync, tasks)
	}
}
