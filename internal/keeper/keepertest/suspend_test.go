package keepertest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// TestMain makes the test binary a process of many busy threads, each of which
// counts into memory; it prints a line when all run.
func TestMain(m *testing.M) {
	if os.Getenv("KEEPERTEST_BUSY") == "" {
		os.Exit(m.Run())
	}
	for range 8 {
		go func() {
			runtime.LockOSThread()
			for { // until it is killed
				runtime.Gosched()
			}
		}()
	}
	fmt.Println("busy")
	select {}
}

// TestSuspendProcess: none of many busy threads runs on.
func TestSuspendProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc, and nobody could tell")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KEEPERTEST_BUSY=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // the error is the signal
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	if allStopped(cmd.Process.Pid) {
		t.Error("it is stopped before it was told to")
	}
	SuspendProcess(t, cmd.Process.Pid)
	if !allStopped(cmd.Process.Pid) {
		t.Error("some thread runs")
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Error(err)
	}
}
