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

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/dispatch"
)

// A receiver checks the sender of a callback with the pool's secret, or with a
// secret derived from the API's token; docs/callbacks.md describes how.
func TestCallbacksAreSigned(t *testing.T) {
	t.Parallel()
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
callback_secret = secret-of-own

[worker:plain]
command = ${initiator:self} job echo
`)
	token, err := os.ReadFile(filepath.Join(in.Initiator().StateDir(), "token"))
	if err != nil {
		t.Fatal(err)
	}
	made := hexMAC(strings.TrimSpace(string(token)), "initiator callback")
	for pool, secret := range map[string]string{"own": "secret-of-own", "plain": made} {
		got := in.Run(task.Request{Pool: pool, Callback: receiver.URL, Data: json.RawMessage(`1`)})
		one := <-calls
		if one.task != got.ID.String() || one.header != "sha256="+hexMAC(secret, one.body) {
			t.Errorf("%s: %+v", pool, one)
		}
	}
	c := client.New(in.Initiator().Socket())
	defer c.Close()
	if err := c.RotateToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	if token, err = os.ReadFile(filepath.Join(in.Initiator().StateDir(), "token")); err != nil {
		t.Fatal(err)
	}
	next := hexMAC(strings.TrimSpace(string(token)), "initiator callback")
	in.Run(task.Request{Pool: "plain", Callback: receiver.URL})
	if one := <-calls; next == made || one.header != "sha256="+hexMAC(next, one.body) {
		t.Errorf("after a rotation of the token: %+v", one)
	}
	spec, _ := in.Initiator().Plan().FindSpec("own")
	for _, e := range spec.Config {
		if e.Key == "callback_secret" || e.Value == "secret-of-own" {
			t.Errorf("a worker gets the secret: %+v", e)
		}
	}
}

func hexMAC(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
