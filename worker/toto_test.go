//go:build unix

package worker

import (
	"os"
	"os/exec"
	"testing"

	"initiator/internal/contentcoding"
)

// TestRealTotoCallsWorker calls a worker with the original client, when
// TOTO_SOURCE names a directory with the package toto: without compression,
// and with toto's own compression, which sends no header and expects plain
// answers.
func TestRealTotoCallsWorker(t *testing.T) {
	t.Parallel()
	source := os.Getenv("TOTO_SOURCE")
	if _, err := os.Stat(source + "/toto/httpworkerconnection.py"); source == "" || err != nil {
		t.Skip("the original is not tested here: set TOTO_SOURCE to a directory with the package toto")
	}
	for _, compression := range []string{contentcoding.None, contentcoding.Zlib} {
		p := launch(t, Options{Handlers: directHandlers(), Direct: "open", DirectCompression: compression})
		cmd := exec.Command("python3", "testdata/toto.py", "http://"+p.addr, compression)
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := `{"id": 7}
{"id": 8}
{"error": {"code": 1000, "value": "a test's error"}}
{"error": {"code": 4242, "value": "Test Toto Exception"}}
{"error": {"code": 1000, "value": "no method \"bad_method\"; this worker has account.balance, fail.data, fail.text, fail.toto"}}
`
		if string(out) != want {
			t.Errorf("%s:\n%s", compression, out)
		}
	}
}
