package initiator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/dispatch"
)

// A receiver can check who calls, with the pool's secret or with what it makes
// of the token; docs/callbacks.md tells it how.
func TestCallbacksAreSigned(t *testing.T) {
	type call struct{ header, task, body string }
	calls := make(chan call, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header.Get(dispatch.HeaderSignature), r.Header.Get(dispatch.HeaderTask), string(body)}
	}))
	defer receiver.Close()
	in := initiatortest.StartText(t, `
[worker:own]
command         = ${initiator:self} job echo
callback_secret = hush

[worker:plain]
command = ${initiator:self} job echo
`)
	token, err := os.ReadFile(filepath.Join(in.StateDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	made := hexMAC(strings.TrimSpace(string(token)), "initiator callback")
	for pool, secret := range map[string]string{"own": "hush", "plain": made} {
		got := in.RunTask(task.Request{Pool: pool, Callback: receiver.URL, Data: json.RawMessage(`1`)})
		one := <-calls
		if one.task != got.ID.String() || one.header != "sha256="+hexMAC(secret, one.body) {
			t.Errorf("%s: %+v", pool, one)
		}
	}
	spec, _ := in.Plan().FindSpec("own")
	for _, e := range spec.Config {
		if e.Key == "callback_secret" || e.Value == "hush" {
			t.Errorf("a worker is shown the secret: %+v", e)
		}
	}
}

func hexMAC(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
