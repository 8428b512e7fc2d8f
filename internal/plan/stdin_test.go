package plan

import (
	"testing"

	"initiator/proactor"
)

const stdinDoc = `
[DEFAULT]
mine = $$HOME
slots = 2
[worker:a]
command = x
channel = 7
heartbeat_span = 500ms
[config:a]
greeting = hello
  ${env:SPACED}

  world
slots = 9
flag
token = no
[worker:b]
command = x
[config:b]
secret = of b
`

func TestStdinHoldsWhatOneWorkerMayKnow(t *testing.T) {
	p := mustMake(t, stdinDoc[1:])
	got := string(WorkerStdin(p, mustSpec(t, p, "a"), WorkerIdentity{
		GUID: "g1", Port: 5000, Token: "s3cret", Incarnation: 2, ParentAddr: "127.0.0.1", ParentPort: 4000,
	}))
	want := `[DEFAULT]
mine = $$HOME
slots = 2

[g1]
command = x
channel = 7
heartbeat_span = 0.5
slots = 9
greeting = hello
	a
	` + `
	world
flag
token = s3cret
listen_addr = 127.0.0.1
listen_port = 5000
parent_addr = 127.0.0.1
parent_port = 4000
incarnation = 2
heartbeat_tolerance = 15
drain = 30
stopwaitsecs = 10

`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c, err := proactor.ParseConfig("stdin", []byte(got))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"mine": "$HOME", "greeting": "hello\na\n\nworld", "slots": "9", "token": "s3cret"} {
		if value, _, err := c.Get("g1", key); value != want || err != nil {
			t.Errorf("%s = %q, %v; want %q", key, value, err, want)
		}
	}
}

func TestStdinIsNilForWhatCannotBeASection(t *testing.T) {
	p := mustMake(t, "[worker:a]\ncommand = x\n")
	if got := WorkerStdin(p, &p.Workers[0], WorkerIdentity{GUID: "a\nb"}); got != nil {
		t.Errorf("got %q", got)
	}
}
