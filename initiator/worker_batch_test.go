package initiator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/initiatortest"
)

// The parent of a task is checked for a single task only, so a worker's own token
// opens no request with many tasks.
func TestWorkerSubmitsOneTaskPerRequest(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, parentINI, initiatortest.Only("parent"))
	var token string
	if err := json.Unmarshal([]byte(in.Call("parent.tell", nil)), &token); err != nil {
		t.Fatal(err)
	}
	lines := `{"pool":"parent.default","parent":"` + uuid.NewString() + `"}`
	req, err := http.NewRequestWithContext(t.Context(), "POST", in.Initiator().URL()+"/api/v1/tasks", strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/x-ndjson")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close() // its status is enough
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("%s, want 403", res.Status)
	}
}
