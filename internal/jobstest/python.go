package jobstest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// PutPythonFirst puts the directory of the interpreter first in PATH if the python3 in
// PATH is a script, and does nothing otherwise. Such a script belongs to a version
// manager, and its start takes several times as long as the start of Python. TestMain
// calls it before the tests.
func PutPythonFirst() {
	path, err := exec.LookPath("python3")
	if err != nil || !isScript(path) {
		return
	}
	// An interpreter that does not answer stays in its place: a test shows why.
	if found, err := exec.Command(path, "-c", "import sys; print(sys.executable)").Output(); err == nil {
		dir := filepath.Dir(strings.TrimSpace(string(found)))
		_ = os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")) // fails for no value without NUL
	}
}

// isScript reports whether a file begins as a script does.
func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	begin := make([]byte, 2)
	n, _ := f.Read(begin) // an error leaves begin short
	return bytes.Equal(begin[:n], []byte("#!"))
}
