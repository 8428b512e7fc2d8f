package plan

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"initiator/internal/shellwords"
)

// MayBePlain reports whether the program of a definition with the contract may know
// nothing of the contract. The definition names a command of its own, and does not
// say that the command speaks ding's protocol.
func (s *Spec) MayBePlain() bool {
	return s.Contract && len(s.Command) > 0 && s.Protocol != "ding" && !s.runsJob()
}

// runsJob reports whether the command is `initiator job NAME`.
func (s *Spec) runsJob() bool {
	return len(s.Command) > 2 && s.Command[1] == "job" && filepath.Base(s.Command[0]) == "initiator"
}

// warnPlainProgram warns of a definition with the contract whose program is known to
// have no part in the contract.
func (d *draft) warnPlainProgram(section string, s *Spec) {
	if !s.MayBePlain() || s.Protocol == "none" && s.Ready.Kind != "webhook" {
		return
	}
	program := plainProgram(s.Command)
	if program == "" && !s.NamesIdentity(s.Command) {
		program = findProgram(s.Command, appServers, appServers)
	}
	if program != "" {
		d.addWarningAt(section, "command", program+" knows nothing of initiator, and the worker will never be ready", "write contract = off")
	}
}

// plainProgram returns the program of a command line when no version of the program
// can speak the contract, and "" when that is unknown. It is known for a program in
// plainPrograms, for a module in plainModules that Python runs with -m, and for a shell
// whose -c has one such command and nothing else. A shell with any other script, and
// an interpreter with a script, can start a program that finds the contract in its
// environment.
func plainProgram(argv []string) string {
	for hops := 0; hops < 4 && len(argv) > 0; hops++ {
		if !slices.Contains(shells, filepath.Base(argv[0])) {
			return findProgram(argv, plainPrograms, plainModules)
		}
		argv = simpleCommand(argv)
	}
	return ""
}

// findProgram returns the name of the program that a command line runs when it is one
// of programs, or Python with -m and one of modules; "" = it is none of them.
func findProgram(argv, programs, modules []string) string {
	name := filepath.Base(argv[0])
	if slices.Contains(programs, name) {
		return name
	}
	at := slices.Index(argv, "-m")
	if !pythonName().MatchString(name) || at < 1 || at+1 >= len(argv) || slices.ContainsFunc(argv[1:at], isNoOption) || !slices.Contains(modules, argv[at+1]) {
		return ""
	}
	return name + " -m " + argv[at+1]
}

func isNoOption(word string) bool { return !strings.HasPrefix(word, "-") }

// simpleCommand returns the words of the command after -c of a shell, and nil when
// that is more than one simple command.
func simpleCommand(argv []string) []string {
	at := slices.Index(argv, "-c")
	if at < 1 || at+1 >= len(argv) || slices.ContainsFunc(argv[1:at], isNoOption) {
		return nil
	}
	script := argv[at+1]
	if strings.ContainsAny(script, "$`;&|<>(){}\n#*?=!") {
		return nil
	}
	words := shellwords.SplitLine(script).Words
	if len(words) > 0 && words[0] == "exec" {
		words = words[1:]
	}
	return words
}

var (
	shells     = []string{"sh", "bash", "dash", "zsh", "ksh", "ash"}
	pythonName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^python([0-9](\.[0-9]+)?)?$`) })

	// plainPrograms are programs that no version or plug-in makes a worker.
	plainPrograms = []string{
		"cat", "cron", "crond", "date", "echo", "false", "sleep", "tail", "true", "yes",
		"apache2", "caddy", "haproxy", "httpd", "lighttpd", "nginx", "traefik", "varnishd",
		"etcd", "mariadbd", "memcached", "minio", "mongod", "mosquitto", "mysqld", "nats-server", "postgres", "rabbitmq-server", "redis-server", "valkey-server", //nolint:misspell // mosquitto is a program
		"celery", "grafana-server", "node_exporter", "php-fpm", "prometheus", "sshd", "supervisord",
	}
	// plainModules are modules of Python of the same kind.
	plainModules = []string{"http.server", "SimpleHTTPServer", "celery"}
	// appServers are programs, and modules of Python, that reject --guid. Their
	// application could speak the contract when they are given only the port.
	appServers = []string{"daphne", "flask", "gunicorn", "hypercorn", "streamlit", "uvicorn", "uwsgi"}
)
