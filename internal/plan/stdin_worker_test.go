package plan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"initiator/initiator/report"
)

// durationUnits are all units that a duration may have, with a number that is
// long enough for every key.
var durationUnits = map[string]int{
	"us": 300_000, "ms": 300, "msec": 300,
	"": 1, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
	"m": 1, "min": 1, "mins": 1, "minute": 1, "minutes": 1,
	"h": 1, "hr": 1, "hour": 1, "hours": 1,
	"d": 1, "day": 1, "days": 1, "w": 1, "week": 1, "weeks": 1,
}

// longerKeys are the duration keys that must be longer than another key.
var longerKeys = map[string]int{"heartbeat_tolerance": 3, "start_timeout": 3, "restart_delay_max": 3, "retry_delay_max": 3}

// durationKeys writes every duration key of a worker with one unit.
func durationKeys(unit string) string {
	var b strings.Builder
	for _, r := range workerKeys {
		if r.Type != duration.name {
			continue
		}
		n := durationUnits[unit] * max(1, longerKeys[r.Name])
		fmt.Fprintf(&b, "%s = %d %s\n", r.Name, n, unit)
	}
	return b.String()
}

// Whatever unit a person writes in the section of a worker, in [config:NAME] or
// in [DEFAULT], a Go worker starts with the document on its stdin. The worker
// runs inside the test: 69 processes cost 17 s of CPU time.
func TestEveryDurationUnitReachesAGoWorker(t *testing.T) {
	t.Parallel()
	for unit := range durationUnits {
		keys := durationKeys(unit)
		for place, doc := range map[string]string{
			"worker":  "[worker:a]\ncommand = x\nprobe = exec:true\n" + keys,
			"config":  "[worker:a]\ncommand = x\n[config:a]\n" + keys,
			"DEFAULT": "[DEFAULT]\n" + keys + "[worker:a]\ncommand = x\nprobe = exec:true\n",
		} {
			t.Run(place+"/"+unit, func(t *testing.T) {
				t.Parallel()
				guid := func(key string) string { return map[string]string{"INITIATOR_GUID": "g1"}[key] }
				if err := runWorker(stdinPipe(t, doc), guid); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The document starts a worker that is a process of its own, too.
func TestStdinStartsAWorkerProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asWorker+"=1", "INITIATOR_GUID=g1")
	cmd.Stdin = stdinPipe(t, "[worker:a]\ncommand = x\nprobe = exec:true\n"+durationKeys("m"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// stdinPipe returns a pipe with the document that the worker a of an INI gets.
func stdinPipe(t *testing.T, ini string) *os.File {
	t.Helper()
	p := mustMake(t, ini)
	stdin, initiator, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	_, err = initiator.Write(WorkerStdin(p, &p.Workers[0], WorkerIdentity{GUID: "g1", Token: "t", Incarnation: 1}))
	if err := errors.Join(err, initiator.Close()); err != nil {
		t.Fatal(err)
	}
	return stdin
}

// A worker reads numbers of seconds and bytes, and not the spelling of the file.
func TestStdinHoldsNormalValues(t *testing.T) {
	t.Parallel()
	p := mustMake(t, `[DEFAULT]
drain = 1 minute
callback_secret = hush
[worker:a]
command = sh  -c "a b"
heartbeat_tolerance = 2 minutes
stopsignal = sigint
stdout_logfile_maxbytes = 1MiB
redirect_stderr = YES
restart_limit = 3/1 hour
environment = A=1,
  B=two words
chirp_port = 2998
chirp_pem = keys/a.pem
exitcodes = 0 2
[worker:b]
exec = x
retry_exitcodes = 75 1
`)
	got := map[string]string{}
	for _, e := range mustSpec(t, p, "a").Config {
		got[e.Key] = e.Value
	}
	for key, want := range map[string]string{
		"drain": "60", "command": "sh -c 'a b'", "heartbeat_tolerance": "120", "stopsignal": "INT", "stdout_logfile_maxbytes": "1048576",
		"redirect_stderr": "true", "restart_limit": "3/3600", "environment": `A="1",B="two words"`, "chirp_pem": "/etc/x/keys/a.pem", "exitcodes": "0,2",
	} {
		if got[key] != want {
			t.Errorf("%s = %q, want %q", key, got[key], want)
		}
	}
	for _, e := range mustSpec(t, p, "b").Config {
		if e.Key == "retry_exitcodes" && e.Value != "75,1" {
			t.Errorf("retry_exitcodes = %q", e.Value)
		}
	}
	if _, shown := got["callback_secret"]; shown {
		t.Error("the worker is shown callback_secret")
	}
}

// A worker does not see a key that is secret from workers, wherever the file has
// it, and a change of it restarts no worker.
func TestWorkersSeeNoSecret(t *testing.T) {
	t.Parallel()
	const worker = "[worker:a]\ncommand = x\n"
	for place, doc := range map[string]string{
		"worker":         worker + "callback_secret = HUSH\n",
		"DEFAULT":        "[DEFAULT]\ncallback_secret = HUSH\n" + worker,
		"varying":        "[DEFAULT]\nname = d\ncallback_secret = HUSH${name}\n" + worker + "[config:a]\nname = w\n",
		"both":           "[DEFAULT]\ncallback_secret = HUSH1\n" + worker + "callback_secret = HUSH2\n",
		"config":         worker + "[config:a]\ncallback_secret = HUSH\n",
		"of one worker":  worker + "[g1]\ncallback_secret = HUSH\n",
		"of a module":    "[worker:a]\nmodule = m.n\n[m.n]\ncallback_secret = HUSH\n",
		"section module": worker + "[m.n]\ncallback_secret = HUSH\n",
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			p, other := mustMake(t, doc), mustMake(t, strings.ReplaceAll(doc, "HUSH", "LOUD"))
			for i := range p.Workers {
				s := &p.Workers[i]
				w := WorkerIdentity{GUID: "g1", Token: "t"}
				if got := WorkerStdin(p, s, w); strings.Contains(string(got), "HUSH") {
					t.Errorf("on stdin:\n%s", got)
				}
				for _, e := range p.WorkerEntries(s, w) {
					if strings.Contains(e.Value, "HUSH") {
						t.Errorf("the worker can ask for %s = %s", e.Key, e.Value)
					}
				}
				if keys := DiffFingerprints(Fingerprint(p, s, ""), Fingerprint(other, &other.Workers[i], "")); len(keys) > 0 {
					t.Errorf("a new secret would restart the worker because of %q", keys)
				}
			}
			for _, c := range DiffPlans(p, other) {
				if c.Action != report.ActionKeep {
					t.Errorf("a reload with a new secret: %+v", c)
				}
			}
		})
	}
}
