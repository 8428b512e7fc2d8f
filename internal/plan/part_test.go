package plan

import (
	"path/filepath"
	"testing"
)

// Another state directory moves the logs in it, and the worker reads their new
// paths. A log elsewhere and an entry of the user's own stay.
func TestLogsMoveWithTheStateDir(t *testing.T) {
	t.Parallel()
	p := mustMake(t, `[DEFAULT]
stderr_logfile = AUTO
[worker:a]
command = x
stdout_logfile = .initiator/a.log
[worker:b]
command = x
stdout_logfile = /var/log/b.log
[config:b]
stderr_logfile = .initiator/own
`)
	dir := t.TempDir()
	moved, err := p.WithStateDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]map[string]string{
		"a": {"stdout_logfile": filepath.Join(dir, "a.log"), "stderr_logfile": filepath.Join(dir, "logs", "{name}.{index}.stderr.log")},
		"b": {"stdout_logfile": "/var/log/b.log", "stderr_logfile": ".initiator/own"},
	} {
		got := entriesByKey(moved.WorkerEntries(mustSpec(t, moved, name), WorkerIdentity{GUID: "g"}))
		for key, value := range want {
			if got[key].Value != value {
				t.Errorf("%s: the worker reads %s = %q, want %q", name, key, got[key].Value, value)
			}
		}
	}
	if got := mustSpec(t, p, "a").Stdout.Path; got != "/etc/x/.initiator/a.log" {
		t.Errorf("the plan itself has changed: %s", got)
	}
}
