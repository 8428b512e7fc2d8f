//go:build unix

package call_test

import (
	"testing"

	"initiator/internal/stdinsettings"
	"initiator/worker"
	"initiator/worker/call"
)

// TestDefaultReadsEnvironmentAndINI: addresses may come from the environment,
// the token from the INI alone.
func TestDefaultReadsEnvironmentAndINI(t *testing.T) {
	address := launch(t, worker.Options{})
	t.Setenv("WORKER_ADDRESS", address)
	t.Setenv("WORKER_TOKEN", "own-token")
	p := defaultPool(t)
	_, err := p.Invoke(t.Context(), "account.balance", 1)
	wantError(t, err, 401, 1004) // the token in the environment is not used
	stdinsettings.Store(func(key string) (string, bool) { return "own-token", key == "worker_token" })
	t.Cleanup(func() { stdinsettings.Store(nil) })
	p = defaultPool(t)
	if got, err := call.Invoke[int](t.Context(), p, "account.balance", 7); got != 7 || err != nil {
		t.Errorf("%v %v", got, err)
	}
}

func defaultPool(t *testing.T) *call.Pool {
	t.Helper()
	call.ResetDefault()
	p, err := call.Default()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}
