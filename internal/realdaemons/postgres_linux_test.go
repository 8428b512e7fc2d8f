package realdaemons

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"initiator/internal/loopback/loopbacktest"
)

// preparePostgres makes a database and its section.
func preparePostgres(s *system) (query func(ctx context.Context, sql string) error) {
	programs := filepath.Dir(newestProgram(s.t, "/usr/lib/postgresql/*/bin/postgres"))
	data, port := s.makeDirectory("data", "postgres"), loopbacktest.FreePort(s.t)
	s.mustRun("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups",
		programs+"/initdb", "-A", "trust", "-D", data+"/db", "-U", "postgres")
	s.write("initiator.ini", fmt.Sprintf(`[worker:postgres]
command = %[1]s/postgres -D %[2]s/db -p %[3]d -k %[2]s -h 127.0.0.1
user = postgres
socket = bind
port = %[3]d
ready = tcp
reload_signal = HUP
`, programs, data, port)+strings.Replace(keepINI, "= 30", "= 50", 1))
	return func(ctx context.Context, sql string) error {
		cmd := exec.CommandContext(ctx, programs+"/psql", "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "postgres", "-qAtX", "-c", sql)
		out, err := cmd.CombinedOutput()
		// A connection that waits in the kernel when the server closes its socket
		// fails as well; a cut transaction is told without these words.
		for _, refusal := range []string{"connection to server at", "the database system is"} {
			if err != nil && strings.Contains(string(out), refusal) {
				return errRefused
			}
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}

// PostgreSQL's smart shutdown finishes the transactions of its clients.
var postgres = daemon{
	worker:   "postgres",
	programs: []string{"setpriv"},
	clients:  2,
	prepare: func(s *system) request {
		query := preparePostgres(s)
		return func(ctx context.Context) error { return query(ctx, "select pg_sleep(0.1)") }
	},
	reloaded: func(s *system) {
		s.await("the reload", func() error {
			if text := s.verb("logs", "postgres"); !strings.Contains(text, "received SIGHUP") {
				return fmt.Errorf("the log is %q", text)
			}
			return nil
		})
	},
	restarted: costRefused,
}
