package plan

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	for _, c := range []struct {
		command, want string
		filled, port  bool
	}{
		{command: "prog -x", want: "prog -x"},
		{"prog --listen=:{port}", "prog --listen=:7", true, true},
		{"prog {guid} {port}{port}", "prog G 77", true, true},
		{"prog {guid}", "prog G", true, false},
		{command: "sh -c p${port}${guid}", want: "sh -c p${port}${guid}"},
		{"sh -c ${port}{port}", "sh -c ${port}7", true, true},
		{command: "prog {PORT} { port } {port", want: "prog {PORT} { port } {port"},
	} {
		argv, filled := FillPlaceholders(strings.Fields(c.command), "G", 7)
		if got := strings.Join(argv, " "); got != c.want || filled != c.filled {
			t.Errorf("%s: %q, %v; want %q, %v", c.command, got, filled, c.want, c.filled)
		}
		if got := (&Spec{Command: strings.Fields(c.command)}).NamesPort(); got != c.port {
			t.Errorf("%s names a port: %v", c.command, got)
		}
	}
}
