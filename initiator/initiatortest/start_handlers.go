package initiatortest

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"initiator/internal/plan"
	"initiator/worker"
)

// StartHandlers is Start with a worker that serves the handlers, in a real process,
// without an INI and without TestMain. Their pool is called handlers: the method of
// worker.Handle("double", …) is "handlers.double". The worker has 16 slots, and tasks
// are tried again without a delay.
//
// The process is the test binary again, with the same test: it does what the test does
// before StartHandlers, and serves the handlers there, so that they may be closures. A
// test calls StartHandlers first, and once; a subtest of it calls it only when the test
// itself has not.
func StartHandlers(t testing.TB, handlers []worker.Handler, o ...Option) *Server {
	t.Helper()
	if len(handlers) == 0 {
		t.Fatalf("start the handlers of %s: there is no handler", t.Name())
	}
	switch asked := askedTest(); asked {
	case "":
	case t.Name():
		serveHandlers(handlers)
	default:
		t.Fatalf("this process is a worker of StartHandlers in %s, but %s calls it before: a test calls StartHandlers once, with all handlers", asked, t.Name())
	}
	if other := claimTest(t); other != "" {
		t.Fatalf("start the handlers of %s: %s has called StartHandlers: a test calls it once, with all handlers, and its subtests do not", t.Name(), other)
	}
	ini, err := handlersINI(t)
	if err != nil {
		t.Fatalf("start the handlers: %v", err)
	}
	return StartText(t, ini, o...)
}

// testVariable is the environment variable with the name of the test whose handlers a
// worker serves, in hexadecimal digits.
const testVariable = "INITIATORTEST_HANDLERS_OF"

// askedTest returns the name of the test whose handlers this process is to serve; "" =
// this process is no such worker.
func askedTest() string {
	name, err := hex.DecodeString(os.Getenv(testVariable))
	if err != nil {
		return ""
	}
	return string(name)
}

// startedByStartHandlers reports whether a definition is that of StartHandlers.
func startedByStartHandlers(s *plan.Spec) bool { return s.SetsVariable(testVariable) }

// handlersINI returns the INI of a worker that is this test binary with this test only.
// What the test in the worker leaves in temporary directories is removed with the
// temporary directory of this test.
func handlersINI(t testing.TB) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	temp := filepath.Join(t.TempDir(), "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		return "", err
	}
	return fmt.Sprintf(`
[worker:handlers]
command     = ${initiator:self} %s --
directory   = %s
environment = %s=%s,TMPDIR="%s",GOTMPDIR="%[5]s",GORACE="atexit_sleep_ms=0 %s"
slots       = 16
retry_delay = 0
`, testArguments(t.Name()), escapeINI(dir), testVariable, hex.EncodeToString([]byte(t.Name())), escapeINI(temp), escapeINI(os.Getenv("GORACE"))), nil
}

// escapeINI protects a value from references.
func escapeINI(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// testArguments returns the flags with which a test binary runs only the test, or
// the benchmark, of that name.
func testArguments(name string) string {
	args := fmt.Sprintf("'-test.run=%s'", testPattern(name))
	if strings.HasPrefix(name, "Benchmark") {
		args = fmt.Sprintf("'-test.run=\\A\\z' '-test.bench=%s'", testPattern(name))
	}
	if testing.Short() {
		args += " -test.short"
	}
	return args
}

// testPattern returns the pattern that only that name matches, without a character that
// means something in an INI or inside quotation marks.
func testPattern(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		var b strings.Builder
		for _, r := range part {
			if r == '_' || r < 0x80 && (r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') {
				b.WriteRune(r)
				continue
			}
			fmt.Fprintf(&b, `\x{%x}`, r)
		}
		parts[i] = `\A` + b.String() + `\z`
	}
	return strings.Join(parts, "/")
}

// claimedTests are the names of the running tests that have called StartHandlers.
var claimedTests = struct {
	sync.Mutex
	names map[string]bool
}{names: map[string]bool{}}

// claimTest notes until its end that a test has called StartHandlers. It returns the
// name of the test that had called it before: itself, or a test that it is a subtest
// of; "" = none.
func claimTest(t testing.TB) string {
	claimedTests.Lock()
	defer claimedTests.Unlock()
	name := t.Name()
	for upto := name; upto != "."; upto = filepath.Dir(upto) {
		if claimedTests.names[upto] {
			return upto
		}
	}
	claimedTests.names[name] = true
	t.Cleanup(func() {
		claimedTests.Lock()
		defer claimedTests.Unlock()
		delete(claimedTests.names, name)
	})
	return ""
}
