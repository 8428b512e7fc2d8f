package initiator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
)

// A worker with `module` and an interpreter reads its stdin as turberfield's Proactor
// does, and requests its configuration again. After a reload it gets the new
// configuration.
func TestPythonProactor(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed, so a worker in Python is not tested here")
	}
	dir, err := filepath.Abs(filepath.Join("testdata", "proactor"))
	if err != nil {
		t.Fatal(err)
	}
	ini := filepath.Join(t.TempDir(), "t.cfg")
	save := func(greeting string) {
		text := `[DEFAULT]
hash = #
[demo.processor]
greeting = ` + greeting + ` ${name}, 5 $$
name = world
[worker:processor]
module = demo.processor
interpreter = python3 -u
directory = ` + dir + `
protocol = none
ready = http:/
reload_signal = WINCH
`
		if err := os.WriteFile(ini, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save("hello")
	in := initiatortest.Start(t, ini)
	told, now := readConfigs(t, in.Worker("processor").Port)
	if told["greeting"] != "hello world, 5 $" || told["hash"] != "#" || !reflect.DeepEqual(told, now) {
		t.Errorf("told %v\nnow  %v", told, now)
	}
	save("good day")
	if _, err := in.Initiator().Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	told, now = readConfigs(t, in.Worker("processor").Port)
	if told["greeting"] != "hello world, 5 $" || now["greeting"] != "good day world, 5 $" {
		t.Errorf("told %v\nnow  %v", told["greeting"], now["greeting"])
	}
}

func readConfigs(t *testing.T, port int) (told, now map[string]string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct{ Told, Now map[string]string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got.Told, got.Now
}

// An initiator with a GUID has its settings in the section of that name.
func TestInitiatorWithGUID(t *testing.T) {
	t.Parallel()
	ini := filepath.Join(t.TempDir(), "t.cfg")
	text := "[a.module]\nchild_port_max = 65536\n[0123abcd]\nchild_port_min = 50100\nchild_port_max = ${a.module:child_port_max}\n[worker:adder]\ncommand = ${initiator:self} job sum\n"
	if err := os.WriteFile(ini, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in := initiatortest.Start(t, ini, initiatortest.Configure(func(c *initiator.Config) { c.GUID = "0123abcd" }))
	if port := in.Worker("adder").Port; port < 50100 {
		t.Errorf("port %d", port)
	}
	_, err := initiator.New(initiator.Config{Path: ini, GUID: "other"})
	if err == nil || !strings.Contains(err.Error(), "there is no section [other]") {
		t.Error(err)
	}
}
