package main

// The failures of TestCatalogue, and the words of their messages.

// failingWorkers is an INI with a worker for each kind of failure. PORT is a port on
// which no program listens.
// The fourth restart of a worker follows after 10 s.
const failingWorkers = `
[DEFAULT]
restart_delay  = 10ms
restart_factor = 1000

[worker:rejects]
command       = sh -c 'echo "unknown flag: --guid" >&2; exit 2'

[worker:missing]
command       = ./nowhere
contract      = off

[worker:plainfile]
command       = ./initiator.ini
contract      = off

[worker:nodir]
command       = sleep 3600
contract      = off
directory     = ./nodirectory

[worker:oneshot]
command  = true
contract = off

[worker:dies]
command       = sh -c 'exit 3'
contract      = off

[worker:stays]
command     = sh -c 'exit 4'
contract    = off
autorestart = false

[worker:silent]
command       = sleep 3600
contract      = off
port          = PORT
ready         = tcp
start_timeout = 200ms

[worker:lineless]
command       = sleep 3600
contract      = off
ready         = line:^up
start_timeout = 200ms

[worker:quiet]
command       = sleep 3600
contract      = off
ready         = notify
start_timeout = 200ms

[worker:depends]
command  = sleep 3600
contract = off
after    = missing:ready

[worker:tries]
command       = sh -c 'exit 5'
contract      = off
startretries  = 2

[worker:limited]
command       = sh -c 'exit 6'
contract      = off
restart_limit = 1/1min

[worker:signalled]
command       = sh -c 'kill -SEGV $$$$'
contract      = off

[worker:probed]
command    = sleep 3600
contract   = off
startsecs  = 0
probe      = exec:false
probe_span = 50ms

[worker:hooked]
command      = sleep 3600
contract     = off
before_start = sh -c 'echo no licence >&2; exit 7'
`

// catalogueOfWorkers holds for each worker what `why` must say: the cause and what
// to do.
var catalogueOfWorkers = map[string][]string{
	"rejects":   {"exit code 2", "`initiator start rejects`", "unknown flag: --guid"},
	"missing":   {"nowhere does not exist", "install it, or give its path", "waiting does not heal this error", "`initiator start missing`"},
	"plainfile": {"initiator.ini is not executable", "chmod +x it", "`initiator start plainfile`"},
	"nodir":     {"nodirectory does not exist", "create it", "`initiator start nodir`"},
	"oneshot":   {"exit code 0", "autorestart is unexpected by default", "`initiator start oneshot`"},
	"dies":      {"exit code 3", "`initiator start dies`"},
	"stays":     {"exit code 4", "(autorestart = false)", "`initiator start stays`"},
	"silent":    {"not ready within 200ms", "listen"},
	"lineless":  {"not ready within 200ms", `it has not written a line that matches "^up"`},
	"quiet":     {"not ready within 200ms", "READY=1", "NOTIFY_SOCKET"},
	"depends":   {"waits for missing: ready", "`initiator why missing` says why"},
	"tries":     {"2 deaths in a row before it was up", "(startretries = 2)", "`initiator start tries`"},
	"limited":   {"1 death within 1m", "(restart_limit = 1/1min)", "`initiator start limited`"},
	"signalled": {"killed by SIGSEGV", "`initiator start signalled`"},
	"hooked":    {"before_start", "exit code 7", "no licence"},
	"probed":    {"probe", "exit code 1"},
}

// catalogueOfVerbs holds command lines that fail while these workers run, with the
// words of their messages.
var catalogueOfVerbs = []struct {
	line  string
	words []string
}{
	{"top", []string{`"top" is not a verb`, "`initiator status` shows the workers"}},
	{"kill dies", []string{`"kill" is not a verb`, "`initiator stop NAME`"}},
	{"statsu", []string{`"statsu" is not a verb`, "did you mean status?"}},
	{"stop", []string{"NAME…|all is missing", "`initiator stop NAME…|all`"}},
	{"stop nobody", []string{"there is no worker nobody", "known names: "}},
	{"stop dise", []string{"there is no worker dise", `did you mean "dies"?`}},
	{"why nobody", []string{"there is no worker nobody"}},
	{"signal NONSENSE dies", []string{"there is no signal NONSENSE", "write a name such as HUP"}},
	{"scale dies many", []string{"many", "number"}},
	{"run dies 1", []string{"dies", "takes no tasks", "contract = off"}},
	{"task submit dies 1", []string{`no pool "dies"`, "takes no tasks", "contract = off"}},
	{"task submit rejects {bad", []string{"DATA is not JSON", "near", "quote it for the shell"}},
	{"task get 123", []string{`"123" is not the id of a task`, "`initiator task list`"}},
	{"call dies 1", []string{`"dies" is not a URL`, "`initiator status` shows the ports"}},
	{"upgrade /bin/true", []string{"is no initiator", "nothing has changed"}},
	{"launch nobody", []string{"there is no worker nobody", "known names: "}},
	{"job smu", []string{`there is no job "smu"`, `did you mean "sum"?`}},
	{"up", []string{"in use by another initiator (pid ", "`initiator status` shows it", "stop it"}},
	{"--state-dir initiator.ini up", []string{"initiator.ini", "directory"}},
	{"--state-dir elsewhere status", []string{"no initiator answers on", "`initiator up` starts one"}},
	{"-c nofile.ini check", []string{"nofile.ini", "no such file", "-c FILE"}},
	{"check -c bad.ini", nil}, // readFaults reads its lines
	{"check -c references.ini", []string{"worker:one, after", "nobody", "schedule:two", "task = NAME"}},
	{"check -c supervisord.conf", []string{"program:one, autorestart", "perhaps", "unexpected"}},
}

// catalogueOfFaults holds a faulty INI, and the words of the message of each line.
var catalogueOfFaults = []struct {
	line  string
	words []string
}{
	{"[worker:one]", nil},
	{"command = true", nil},
	{"replicas = -1", []string{"worker:one, replicas", "-1 is out of range", "write one from 0"}},
	{"slotz = 8", []string{"worker:one, slotz", "there is no such key", `did you mean "slots"?`}},
	{"probe_command = true", []string{"worker:one, probe_command", "there is no such key", "[config:NAME]"}},
	{"start_timeout = soon", []string{"worker:one, start_timeout", "soon", "write"}},
	{"stopsignal = NONSENSE", []string{"worker:one, stopsignal", "NONSENSE", "write"}},
	{"autorestart = always", []string{"worker:one, autorestart", "always", "true"}},
	{"port = 99999", []string{"worker:one, port", "99999"}},
	{"[program:two]", []string{"program:two", "supervisord's", "[worker:two]"}},
}
