package supervisord

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"initiator/proactor"
)

var update = flag.Bool("update", false, "write what comes out into the golden file")

const messages = "testdata/messages.golden"

// TestMessagesSpeakToPeople: every fault and every warning says where it is and
// what to do.
func TestMessagesSpeakToPeople(t *testing.T) {
	var got strings.Builder
	for _, path := range append(conf(t, "testdata/bad"), conf(t, "testdata/good")...) {
		f, err := parsePath(path, world())
		var faults proactor.Faults
		switch {
		case errors.As(err, &faults):
			everyFaultHasItsLine(t, path, faults)
		case err != nil:
			t.Errorf("%s: %v", path, err)
			continue
		default:
			faults = f.Warnings
		}
		if text := faults.Error(); text != "" && !strings.Contains(path, "debian_default") {
			cwd, _ := os.Getwd()
			got.WriteString(strings.ReplaceAll(text, cwd+"/", "") + "\n")
		}
	}
	if *update {
		if err := os.WriteFile(messages, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(messages)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got.String() {
		t.Errorf("(go test -update writes what comes out)\n%s", differ(string(want), got.String()))
	}
}

func everyFaultHasItsLine(t *testing.T, path string, faults proactor.Faults) {
	t.Helper()
	for _, f := range faults {
		whole := strings.Contains(f.Problem, "there is no [supervisord] section") || strings.Contains(f.Problem, "not UTF-8")
		if f.Line == 0 && !whole || f.File == "" || f.Remedy == "" {
			t.Errorf("%s: %+v", path, f)
		}
	}
}
