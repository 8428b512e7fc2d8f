//go:build unix

package client_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/client"
)

// A request to a listener whose process never accepts fails with the state of the
// process.
func TestSilentInitiator(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	told := make(chan client.Silence, 8)
	c := client.New(socket, client.NotifySilence(20*time.Millisecond, func(s client.Silence) bool {
		told <- s
		return true
	}))
	defer c.Close()
	_, err = c.Status(t.Context())
	var silent *client.SilentError
	if !errors.As(err, &silent) || silent.Stopped || len(told) != 1 {
		t.Fatalf("%v, told %d times", err, len(told))
	}
	if runtime.GOOS == "linux" && silent.Process != os.Getpid() {
		t.Errorf("%+v", silent)
	}
	if !strings.Contains(err.Error(), "has not answered for 20ms: it hangs, or the machine is overloaded") && runtime.GOOS == "linux" {
		t.Error(err)
	}
}

// A request goes on while the initiator is stopped, if the function says so; the
// function is told that the initiator answers again.
func TestRequestGoesOnWhileTheInitiatorIsStopped(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	server := exec.Command(self)
	server.Env = append(os.Environ(), asProgram+"=answers", asProgram+"_AT="+socket)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	if _, err := out.Read(make([]byte, 1)); err != nil { // it listens
		t.Fatal(err)
	}
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var told []client.Silence
	c := client.New(socket, client.NotifySilence(200*time.Millisecond, func(s client.Silence) bool {
		if told = append(told, s); len(told) == 1 {
			_ = server.Process.Signal(syscall.SIGCONT)
		}
		return false
	}))
	defer c.Close()
	if _, err := c.Workers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 || told[0].Err == nil || !told[1].Over {
		t.Fatalf("told %+v", told)
	}
	if runtime.GOOS == "linux" && (!told[0].Err.Stopped || !strings.Contains(told[0].Err.Error(), "`kill -CONT ")) {
		t.Errorf("%+v", told[0].Err)
	}
}
