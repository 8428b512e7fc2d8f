package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/proactor"
)

// turberfieldINI has a section named by a module, and a worker that stores its stdin in
// a file.
func turberfieldINI(dir string) string {
	return `[DEFAULT]
host_port = 8080
[jobs.echo]
interpreter = ${initiator:self} job echo
protocol = webhook
greeting = hello
[worker:teller]
command = sh -c "cat > stdin && echo told && exec sleep 600"
directory = ` + dir + `
protocol = none
ready = line:told
[config:teller]
price = 5 $$
flag
`
}

type job struct {
	GUID, Session, Module string
	Port, Process         int
}

func TestCreateAndJob(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, turberfieldINI(t.TempDir()))
	c := overTCP(t, in)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	status, body := c.do("POST", "/create", "module=jobs.echo&session=abc&colour=red", form...)
	var made job
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusCreated {
		t.Fatal(status, body, err)
	}
	if made.GUID == "" || made.Port == 0 || made.Process == 0 || made.Module != "jobs.echo" || made.Session != made.GUID+"/1" {
		t.Errorf("%+v", made)
	}
	if got := in.Call("jobs.echo", json.RawMessage(`{"a":1}`)); got != `{"a":1}` {
		t.Errorf("the worker answers %s", got)
	}
	status, body = c.do("GET", "/job", "")
	var all map[string]job
	if err := json.Unmarshal([]byte(body), &all); err != nil || status != 200 || all[made.GUID] != made || len(all) != 2 {
		t.Error(status, body, err)
	}
	var one job
	if status, body = c.do("GET", "/job/"+made.GUID, ""); status != 200 || json.Unmarshal([]byte(body), &one) != nil || one != made {
		t.Error(status, body)
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/job/nobody", "", 404, `there is no worker with the guid \"nobody\"`},
		{"POST", "/create", "", 400, `field \"module\" is missing`},
		{"POST", "/create", "module=os.path", 404, `no definition runs the module \"os.path\"`},
		{"POST", "/create", "module=%zz", 400, "the form cannot be read"},
		{"POST", "/create", "module=" + strings.Repeat("x", 1<<17), 400, "the form cannot be read"},
		{"GET", "/create", "", 405, "does not take GET"},
	} {
		if status, body := c.do(tt.method, tt.path, tt.body, form...); status != tt.status || !strings.Contains(body, tt.says) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, status, body)
		}
	}
	for _, path := range []string{"/create", "/job", "/job/" + made.GUID} {
		if status, _ := c.do("POST", path, "", "Authorization", "Bearer no"); status != http.StatusUnauthorized {
			t.Errorf("%s without the token: %d", path, status)
		}
	}
}

// The answer has the Refresh header that turberfield's pages follow.
func TestCreateRefreshesToJobs(t *testing.T) {
	t.Parallel()
	in := initiatortest.StartText(t, turberfieldINI(t.TempDir()))
	c := overTCP(t, in)
	req, err := http.NewRequestWithContext(t.Context(), "POST", c.base+"/create", strings.NewReader("module=jobs.echo"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.head.Clone()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Refresh"); got != "0;url="+in.Initiator().URL()+"/job" {
		t.Error(got)
	}
}

// The configuration needs exactly that worker's token. It equals the worker's stdin,
// and is not served after the process has ended.
func TestConfigNeedsWorkerToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := initiatortest.StartText(t, turberfieldINI(dir))
	guid := in.Worker("teller").GUID
	text, err := os.ReadFile(filepath.Join(dir, "stdin"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := proactor.ParseConfig("stdin", text)
	if err != nil {
		t.Fatal(err)
	}
	token, _, _ := cfg.Get(guid, "token")
	c := overTCP(t, in)
	api := c.head
	c.head = nil
	status, body := c.do("GET", "/config/"+guid, "", "Authorization", "Bearer "+token)
	var got map[string]*string
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatal(status, body, err)
	}
	entries, err := cfg.Entries(guid)
	if err != nil || len(got) != len(entries) {
		t.Errorf("%d keys, on stdin %d (%v)", len(got), len(entries), err)
	}
	for _, e := range entries {
		value, there := got[e.Key]
		if !there || (value != nil) != e.Valued || value != nil && *value != e.Value {
			t.Errorf("%s is %v, on stdin %q", e.Key, value, e.Value)
		}
	}
	for _, tt := range [][2]string{
		{"/config/" + guid, "Bearer no"},
		{"/config/" + guid, ""},
		{"/config/" + guid, api.Get("Authorization")},
		{"/config/nobody", "Bearer " + token},
		{"/config/", "Bearer "},
	} {
		if status, body := c.do("GET", tt[0], "", "Authorization", tt[1]); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", tt, status, body)
		}
	}
	if status, _ := c.do("POST", "/config/"+guid, ""); status != http.StatusMethodNotAllowed {
		t.Error(status)
	}
	if _, err := in.Client().Stop(t.Context(), "teller"); err != nil {
		t.Fatal(err)
	}
	if status, _ := c.do("GET", "/config/"+guid, "", "Authorization", "Bearer "+token); status != http.StatusForbidden {
		t.Errorf("after its end: %d", status)
	}
}
