package realdaemons

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"initiator/internal/loopback/loopbacktest"
)

// keepINI is the end of each daemon's section: the daemon survives its initiator.
const keepINI = `contract = off
on_initiator_exit = keep
stopwaitsecs = 30
`

var nginx = daemon{
	worker:   "nginx",
	programs: []string{"nginx"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("index.html", strings.Repeat("nginx\n", 1000))
		s.write("nginx.conf", fmt.Sprintf(`daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log notice;
worker_processes 2;
events { worker_connections 512; }
http {
  access_log off;
  server { listen 127.0.0.1:%[2]d; root %[1]s; }
}
`, s.dir, port))
		// nginx takes sockets over that its variable NGINX names.
		s.write("initiator.ini", fmt.Sprintf(`[worker:nginx]
command = nginx -c %[1]s/nginx.conf
environment = NGINX="3;"
socket = inherit
port = %[2]d
ready = alive
stopsignal = QUIT
reload_signal = HUP
check_command = nginx -t -q -c %[1]s/nginx.conf
`, s.dir, port)+keepINI)
		return getPage(fmt.Sprintf("http://127.0.0.1:%d/", port), strings.Repeat("nginx\n", 1000))
	},
	reloaded: func(s *system) { s.awaitLog("error.log", "reconfiguring") },
}

// nginxInBackground is nginx in its default configuration: it forks, and its first
// process ends.
var nginxInBackground = daemon{
	worker:   "nginx-in-background",
	programs: []string{"nginx"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("index.html", strings.Repeat("nginx\n", 1000))
		s.write("nginx.conf", fmt.Sprintf(`pid %[1]s/nginx.pid;
error_log %[1]s/error.log notice;
worker_processes 2;
events { worker_connections 512; }
http {
  access_log off;
  server { listen 127.0.0.1:%[2]d; root %[1]s; }
}
`, s.dir, port))
		// nginx finds its own program by an absolute path when it starts its successor.
		s.write("initiator.ini", fmt.Sprintf(`[worker:nginx-in-background]
command = /usr/sbin/nginx -c %[1]s/nginx.conf
pidfile = nginx.pid
port = %[2]d
ready = tcp
stopsignal = QUIT
reload_signal = HUP
`, s.dir, port)+keepINI)
		return getPage(fmt.Sprintf("http://127.0.0.1:%d/", port), strings.Repeat("nginx\n", 1000))
	},
	reloaded: func(s *system) { s.awaitLog("error.log", "reconfiguring") },
	replaced: func(s *system) {
		old := s.pid("nginx-in-background")
		s.verb("signal", "--main", "USR2", "nginx-in-background")
		s.awaitPIDFile("nginx.pid", old)
		s.verb("signal", "--main", "QUIT", "nginx-in-background")
	},
	// nginx closes its own socket at QUIT: connections that wait for accept are reset,
	// also without a supervisor.
	restarted: costAll,
}

// awaitPIDFile waits until a pidfile names another process.
func (s *system) awaitPIDFile(name string, old int) {
	s.t.Helper()
	s.await("another pid in "+name, func() error {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil && (len(text) == 0 || strings.TrimSpace(string(text)) == strconv.Itoa(old)) {
			err = fmt.Errorf("%s has %q", name, text)
		}
		return err
	})
}

// flaskApp takes 50 ms for a request.
const flaskApp = `import time
from flask import Flask
app = Flask(__name__)
@app.route("/")
def page():
    time.sleep(0.05)
    return "flask"
`

var gunicorn = daemon{
	worker:   "gunicorn",
	programs: []string{"gunicorn"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("app.py", flaskApp)
		s.write("initiator.ini", fmt.Sprintf(`[worker:gunicorn]
command = /usr/bin/python3 -m gunicorn --workers 2 --threads 4 --error-logfile %[1]s/error.log app:app
socket = inherit
port = %[2]d
ready = http:/
reload_signal = HUP
`, s.dir, port)+keepINI)
		return getPage(fmt.Sprintf("http://127.0.0.1:%d/", port), "flask")
	},
	reloaded: func(s *system) { s.awaitLog("error.log", "Handling signal: hup") },
}

// gunicornReplaced starts its own successor. gunicorn 20 cannot do that with a socket
// that it got by LISTEN_FDS, nor when it was started by python3 -m.
var gunicornReplaced = daemon{
	worker:   "gunicorn-replaced",
	programs: []string{"gunicorn"},
	clients:  4,
	prepare: func(s *system) request {
		port := loopbacktest.FreePort(s.t)
		s.write("app.py", flaskApp)
		s.write("initiator.ini", fmt.Sprintf(`[worker:gunicorn-replaced]
command = /usr/bin/gunicorn --workers 2 --threads 4 --bind 127.0.0.1:{port} --pid %[1]s/gunicorn.pid --error-logfile %[1]s/error.log app:app
pidfile = gunicorn.pid
port = %[2]d
ready = http:/
`, s.dir, port)+keepINI)
		return getPage(fmt.Sprintf("http://127.0.0.1:%d/", port), "flask")
	},
	replaced: func(s *system) {
		s.verb("signal", "--main", "USR2", "gunicorn-replaced")
		s.awaitPIDFile("gunicorn.pid.2", 0) // gunicorn names its successor there until it ends itself
		s.verb("signal", "--main", "TERM", "gunicorn-replaced")
	},
	restarted: costAll,
}

var phpFPM = daemon{
	worker:  "php-fpm",
	clients: 4,
	prepare: func(s *system) request {
		program := newestProgram(s.t, "/usr/sbin/php-fpm*")
		s.write("page.php", `<?php echo "p"; flush(); usleep(50000); echo "hp";`)
		s.write("fpm.conf", fmt.Sprintf(`[global]
daemonize = no
error_log = %[1]s/error.log
process_control_timeout = 20s
[www]
user = www-data
group = www-data
listen = %[1]s/fpm.sock
listen.owner = root
pm = static
pm.max_children = 4
`, s.dir))
		s.write("initiator.ini", fmt.Sprintf(`[worker:php-fpm]
command = %[2]s -F -y %[1]s/fpm.conf
ready = alive
stopsignal = QUIT
reload_signal = USR2
`, s.dir, program)+keepINI)
		return getFastCGI(filepath.Join(s.dir, "fpm.sock"), filepath.Join(s.dir, "page.php"), "php")
	},
	reloaded:  func(s *system) { s.awaitLog("error.log", "using inherited socket") },
	restarted: costRefused,
}

// awaitLog waits until a file of the directory has a text.
func (s *system) awaitLog(name, want string) {
	s.t.Helper()
	s.await(want, func() error {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil && !strings.Contains(string(text), want) {
			err = fmt.Errorf("%s has no %q", name, want)
		}
		return err
	})
}
