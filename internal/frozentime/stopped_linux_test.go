package frozentime_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"initiator/internal/frozentime"
	"initiator/internal/keeper/keepertest"
)

// timerTime is longer than a busy machine takes to stop the process.
const timerTime = 2 * time.Second

// TestMain makes the test binary a program that waits, and says when it has run
// for timerTime.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_ROLE") == "" {
		os.Exit(m.Run())
	}
	began := time.Now()
	ran := make(chan struct{})
	frozentime.AfterFunc(timerTime, func() { close(ran) })
	fmt.Println("begun")
	<-ran
	fmt.Println(time.Since(began).Milliseconds())
	os.Exit(0)
}

// TestTimerOfAStoppedProcess: time in which a process is stopped does not
// count.
func TestTimerOfAStoppedProcess(t *testing.T) {
	const stopped = 3500 * time.Millisecond
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_ROLE=timer")
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	out := bufio.NewScanner(pipe)
	out.Scan() // "begun"
	keepertest.SuspendProcess(t, cmd.Process.Pid)
	<-time.After(stopped)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ms := 0
	out.Scan()
	_, err = fmt.Sscan(out.Text(), &ms)
	if least := timerTime + stopped; err != nil || time.Duration(ms)*time.Millisecond < least {
		t.Errorf("it says %q, %v; want %s at least", out.Text(), err, least)
	}
}
