package plan

import (
	"strings"
	"testing"
)

// A program that cannot speak the contract is named before the start, and no program
// that could.
func TestPlainPrograms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ keys, want string }{
		{"command = python3 -m http.server", "python3 -m http.server"},
		{"command = /usr/bin/python3.12 -u -m http.server 8000", "python3.12 -m http.server"},
		{"command = python3 -m http.server {port}", "python3 -m http.server"},
		{"command = sleep 100", "sleep"},
		{"command = sh -c 'sleep 100'", "sleep"},
		{"command = bash -ec 'exec sleep 100'", ""}, // -ec is not taken apart
		{"command = bash -e -c 'exec nginx -g \"daemon off\"'", "nginx"},
		{"command = redis-server --port {port}", "redis-server"},
		{"command = gunicorn app", "gunicorn"},
		{"command = python3 -m uvicorn app", "python3 -m uvicorn"},
		{"command = uvicorn app --port {port}", ""}, // the application may speak the contract
		{"command = sh -c 'gunicorn app'", ""},      // … on $PORT
		{"command = sh -c './worker & sleep 100'", ""},
		{"command = sh run.sh", ""},
		{"command = python3 -m my.worker", ""},
		{"command = python3 worker.py -m http.server", ""},
		{"command = ./worker", ""},
		{"exec = cat", ""},
		{"command = sleep 100\ncontract = off", ""},
		{"command = cat\nprotocol = none", ""}, // alive without webhooks
	} {
		p := mustMake(t, "[worker:a]\n"+c.keys+"\n")
		got := strings.Join(p.Warnings, "\n")
		want := ""
		if c.want != "" {
			want = "/etc/x/initiator.ini:2: worker:a, command: " + c.want + " knows nothing of initiator, and the worker will never be ready; write contract = off"
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.keys, got, want)
		}
	}
}
