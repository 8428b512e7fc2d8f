package terminal

import (
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestLogWriter(t *testing.T) {
	t.Parallel()
	var seen strings.Builder
	log := hclog.New(&hclog.LoggerOptions{Name: "n", Output: LogWriter{&seen}, TimeFormat: "T"})
	log.Error("one\nT [ERROR] forged\r\x1b[2J", "key\nT [ERROR] forged", "value", "lines", "a\nT b\n")
	want := `T [ERROR] n: one
  | T [ERROR] forged\r\x1b[2J: key
  | T [ERROR] forged=value
  lines=
  | a
  | T b
  
`
	if seen.String() != want {
		t.Errorf("%q, want %q", seen.String(), want)
	}
}
