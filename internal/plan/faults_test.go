package plan

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fault messages that come out as those that are wanted")

// testEnv is the world that every plan in these tests is made in.
var testEnv = Env{Self: "/opt/initiator", Lookup: func(name string) (string, bool) {
	value, ok := map[string]string{"HOME": "/home/me", "SPACED": " a ", "COMMENT": "a\n# b"}[name]
	return value, ok
}}

// faultDocuments hold one class of fault each. What is said of them is in
// testdata/faults.golden, to be read as a person would read it.
var faultDocuments = []struct{ name, doc string }{
	{"key before any header", "listen_port = 1\nloglevel = info\n[initiator]\n"},
	{"header without its bracket", "[worker:a\ncommand = x\n"},
	{"header without a name", "[]\n"},
	{"no key before the delimiter", "[worker:a]\n= x\n"},
	{"section twice", "[worker:a]\ncommand = x\n[worker:a]\ncommand = y\n"},
	{"key twice", "[worker:a]\ncommand = x\nslots = 1\nCommand = y\n"},
	{"continuation of a key without a value", "[worker:a]\ncommand\n  sh -c x\n"},
	{"key without a value", "[worker:a]\ncommand\n"},
	{"empty value", "[worker:a]\ncommand =\n"},
	{"NUL", "[worker:a]\ncommand = x\x00y\n"},
	{"not UTF-8", "[worker:a]\ncommand = caf\xe9\n"},
	{"UTF-16", "\xff\xfe[\x00a\x00]\x00"},
	{"too large", strings.Repeat("# a very long file\n", 1_000_000)},
	{"lone dollar", "[worker:a]\ncommand = echo $HOME\n"},
	{"open reference", "[worker:a]\ncommand = echo ${HOME\n"},
	{"reference to no key", "[worker:a]\ncommand = ${programm}\nprogram = x\n"},
	{"reference to no section", "[worker:a]\ncommand = ${path:bin}\n[paths]\nbin = x\n"},
	{"reference to a section with a colon", "[worker:a]\ncommand = x\n[worker:b]\ncommand = ${worker:a:command}\n"},
	{"reference to a key without a value", "[paths]\nbin\n[worker:a]\ncommand = ${paths:bin}\n"},
	{"loop of references", "[worker:a]\ncommand = ${x:one}\n[x]\none = ${two}\ntwo = ${three}\nthree = ${one}\n"},
	{"references too deep", "[worker:a]\ncommand = ${x:a}\n[x]\na=${b}\nb=${c}\nc=${d}\nd=${e}\ne=${f}\nf=${g}\ng=${h}\nh=${i}\ni=${j}\nj=${k}\nk=$$\n"},
	{"variable that is not set", "[worker:a]\ncommand = ${env:HOEM}/x\n"},
	{"unknown key", "[worker:a]\ncommand = x\nreplica = 2\n"},
	{"unknown key of nobody", "[worker:a]\ncommand = x\ncolour = blue\n"},
	{"systemd's key", "[worker:a]\nExecStart = x\nRestart = always\nRestartSec = 3\nWorkingDirectory = /\n"},
	{"systemd's word", "[worker:a]\ncommand = x\nautorestart = on-failure\n"},
	{"supervisord's key", "[worker:a]\ncommand = x\nprocess_name = y\nkillasgroup = true\n"},
	{"key of a later version", "[initiator]\ntls_cert = x\n[worker:a]\ncommand = x\nprobe = y\nrate_limit = 10\n"},
	{"section of a later version", "[queue]\nurl = nats://a\n"},
	{"schedule without a task", "[schedule:tick]\nevery = 10s\n"},
	{"schedule without a name", "[schedule]\nevery = 10s\n"},
	{"supervisord's sections", "[supervisord]\n[program:x]\ncommand = x\n[worker:y]\ncommand = y\n"},
	{"misspelt section", "[initator]\nlisten_port = 1\n[wroker:a]\ncommand = x\n[default]\nx = 1\n"},
	{"section of no kind", "[thing:a]\nx = 1\n"},
	{"section without a name", "[worker]\ncommand = x\n[worker:]\ncommand = x\n"},
	{"bad name", "[worker:a b]\ncommand = x\n[worker:../x]\ncommand = x\n[worker:all]\ncommand = x\n"},
	{"config of nobody", "[worker:adder]\ncommand = x\n[config:adderr]\nx = 1\n"},
	{"wrong unit", "[worker:a]\ncommand = x\nstart_timeout = 10 parsecs\nstopwaitsecs = -1\nstdout_logfile_maxbytes = 50 bananas\n"},
	{"wrong number", "[worker:a]\ncommand = x\nreplicas = four\nslots = 0\nnice = 40\nrestart_jitter = 2\nrestart_factor = NaN\ncpu_max = 0\nlimit_nofile = many\n"},
	{"wrong word", "[worker:a]\ncommand = x\nsocket = inherrit\nprotocol = http\ncontract = maybe\non_fatal = explode\n"},
	{"wrong signal, mode, address, port", "[worker:a]\ncommand = x\nstopsignal = SIGNOTHING\numask = 999\nlisten_addr = 127.0.0.1:80\nport = 70000\n[initiator]\nlisten_port = 65536\nsocket_mode = rw\n"},
	{"wrong lists", "[worker:a]\ncommand = x\nexitcodes = 0,256\nretry_exitcodes = 0,75\nafter = b:redy\nrestart_limit = ten\nrecycle = weeks:2\nready = line:(\nenvironment = 1=2\n"},
	{"wrong readiness", "[worker:a]\ncommand = x\nready = http:8080\n"},
	{"open quotation", "[worker:a]\ncommand = sh -c \"echo\n"},
	{"backslash at the end", "[worker:a]\ncommand = x \\\n"},
	{"nothing to run", "[worker:a]\nslots = 2\n"},
	{"two things to run", "[worker:a]\ncommand = x\nexec = y\n"},
	{"replicas twice", "[worker:a]\ncommand = x\nreplicas = 1\nnumprocs = 2\n"},
	{"tcp with inherit", "[worker:a]\ncommand = x\nready = tcp\nsocket = inherit\n"},
	{"webhook without protocol", "[worker:a]\ncommand = x\nprotocol = none\nready = webhook\n"},
	{"contract off", "[worker:a]\ncommand = x\ncontract = off\nprotocol = ding\nsocket = inherit\n[worker:b]\nexec = x\ncontract = off\n"},
	{"direct open", "[initiator]\ninsecure = true\n[worker:a]\ncommand = x\ndirect = open\nlisten_addr = 0.0.0.0\n"},
	{"chirp", "[initiator]\ninsecure = true\n[worker:a]\ncommand = x\nchirp_port = 2998\nlisten_addr = 0.0.0.0\n[worker:b]\ncommand = x\nreplicas = 2\nchirp_port = 2998\n[worker:c]\ncommand = x\nprotocol = ding\nchirp_port = 2999\n[worker:d]\ncommand = x\nchirp_pem = d.pem\n"},
	{"beyond loopback", "[initiator]\nlisten_addr = 0.0.0.0\n[worker:a]\ncommand = x\nlisten_addr = ::\n"},
	{"fixed port, several replicas", "[worker:a]\ncommand = x\nport = 8000\nreplicas = 2\n"},
	{"fixed port twice", "[initiator]\nlisten_port = 8001\n[worker:a]\ncommand = x\nport = 8000\n[worker:b]\ncommand = x\nport = 8000\n[worker:c]\ncommand = x\nport = 8001\n"},
	{"port range upside down", "[initiator]\nchild_port_min = 6000\nchild_port_max = 5000\n[worker:a]\ncommand = x\n"},
	{"whom a stop reaches", "[worker:a]\ncommand = x\nstopasgroup = group\nKillMode = mixed\n"},
	{"exec and the group", "[worker:b]\nexec = x\nstopasgroup = true\n"},
	{"a stop command without time", "[worker:a]\ncommand = x\nstop_command = y\nstopwaitsecs = 0\n"},
	{"times that contradict", "[worker:a]\ncommand = x\nheartbeat_span = 20s\nrestart_delay = 2min\nretry_delay = 1h\nstartsecs = 40\n[worker:b]\ncommand = x\nheartbeat_span = 0.1\nstart_timeout = 0\n"},
	{"keys without their partner", "[worker:a]\ncommand = x\nexec_mode = lines\nretry_exitcodes = any\ninterpreter = python3\nredirect_stderr = true\nstderr_logfile = x\n[worker:b]\ncommand = x\nprotocol = ding\nslots = 2\n[worker:c]\nexec = x\nexec_ids = true\n[worker:d]\nexec = x\nexec_mode = lines\nretry_exitcodes = 75\n"},
	{"after nobody", "[worker:app]\ncommand = x\nafter = bd:ready\n[worker:db]\ncommand = x\n"},
	{"after in a circle", "[worker:a]\ncommand = x\nafter = b\n[worker:b]\ncommand = x\nafter = c:started\n[worker:c]\ncommand = x\nafter = a\n[worker:d]\ncommand = x\nafter = d\n"},
	{"groups", "[worker:a]\ncommand = x\ngroup = g\n[group:g]\nprograms = a, aa\n[group:h]\nprograms = a\n[group:empty]\n"},
	{"strategy of a group", "[worker:a]\ncommand = x\n[group:s]\nprograms = a\nstrategy = one_for_some\npartners = a\n"},
	{"wrong probes", "[worker:a]\ncommand = x\nprobe = http:8080\n[worker:b]\ncommand = x\nprobe = exec:\n[worker:c]\ncommand = x\nprobe = ping\n"},
	{"probes that prove nothing", "[worker:a]\ncommand = x\nprobe = tcp\nsocket = inherit\n[worker:b]\ncommand = x\ncontract = off\nprobe = http:/\n[worker:c]\ncommand = x\nprobe_failures = 2\n[worker:d]\ncommand = x\nprobe = http:/\nprobe_timeout = 0\n"},
	{"pidfile", "[worker:a]\ncommand = x\npidfile = /run/a.pid\n[worker:b]\ncommand = x\ncontract = off\npidfile = /run/b.pid\nreplicas = 2\n[worker:c]\ncommand = x\ncontract = off\npidfile = /run/{index}.pid\nreplicas = 2\n"},
	{"replicas that share a socket", "[worker:a]\ncommand = x\ncontract = off\nsocket = inherit\nport = 8000\nreplicas = 2\nready = http:/health\nprobe = http:/health\n"},
	{"port that nobody is told", "[worker:a]\ncommand = x\ncontract = off\nready = tcp\n"},
	{"value that stdin cannot carry", "[worker:a]\ncommand = x\n[config:a]\ntext = ${env:COMMENT}\n"},
	{"faults of keys, contradictions and unknown names at once", "[worker:a]\ncommand = x\nreplica = 2\nafter = bb:ready\n[worker:b]\ncommand = x\nport = 80\nreplicas = 2\n[wroker:c]\ncommand = x\n[worker:d]\ncommand = x\nafter = c\nstopwaitsecs = long\nenv_file = gone\n[schedule:s]\nevery = 1x\ntask = aa\n[config:e]\nx = 1\n"},
	{"many faults of all kinds", "[worker:a]\ncommand = x\nslots = many\nslots = 2\ncolor = red\n[worker:b\n"},
}

const goldenPath = "testdata/faults.golden"

// TestFaultsSpeakToPeople reads each document through a file, as a person
// would have it read, and compares every message.
func TestFaultsSpeakToPeople(t *testing.T) {
	var got strings.Builder
	for _, f := range faultDocuments {
		got.WriteString("# " + f.name + "\n" + loadFault(t, f.doc) + "\n\n")
	}
	if *update {
		if err := os.WriteFile(goldenPath, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenPath)
	if err != nil {
		t.Fatal(err)
	}
	compareText(t, string(want), got.String())
}

func loadFault(t *testing.T, doc string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "initiator.ini")
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path, testEnv)
	if err == nil {
		t.Errorf("no fault in %.200q; plan %+v", doc, p)
		return ""
	}
	return strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func compareText(t *testing.T, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		var w, g string
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if w != g {
			t.Fatalf("%s:%d\nwant %q\ngot  %q\n(go test -update writes what comes out)", goldenPath, i+1, w, g)
		}
	}
}
