package supervise

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func init() {
	roles["drops"] = dropRoot
	roles["background"] = notifyFromBackground
	roles["when_closed"] = notifyWhenClosed
}

// dropRoot gives up root, as nginx does, and then is ready.
func dropRoot() int {
	wait := obedient()
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)} {
		if err != nil {
			fmt.Println(err)
			return 1
		}
	}
	tellManager("READY=1")
	return wait()
}

// notifyFromBackground starts a shell that leaves a process in a session of its
// own. That process sends READY=1 when its parent has ended.
func notifyFromBackground() int {
	wait := obedient()
	cmd := exec.Command("sh", "-c", `TEST_ROLE=when_closed setsid "$0" <&3 & :`, os.Args[0])
	read, write, err := os.Pipe()
	if err == nil {
		cmd.ExtraFiles = []*os.File{read}
		cmd.Stdout = os.Stdout // no pipe that the background process would keep open
		err = cmd.Run()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	write.Close()
	return wait()
}

// notifyWhenClosed sends READY=1 when its stdin ends.
func notifyWhenClosed() int {
	wait := obedient()
	_, _ = os.Stdin.Read(make([]byte, 1))
	tellManager("READY=1")
	return wait()
}

// TestReadyAfterRootWasGivenUp: the program itself changes its user, so the
// definition names none.
func TestReadyAfterRootWasGivenUp(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: only root can give up root")
	}
	t.Parallel()
	s := open(t, planOf(spec("w", "drops", plain, func(sp *plan.Spec) { sp.Ready.Kind = "notify" })))
	s.ready("w", 1)
}

// TestReadyFromABackgroundProcess: the sender has neither the worker's session
// nor a living parent in the worker.
func TestReadyFromABackgroundProcess(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "background", plain, func(sp *plan.Spec) { sp.Ready.Kind = "notify" })))
	s.ready("w", 1)
}

// TestReadyFromAStranger: a process that is none of the worker's sends READY=1
// to the worker's socket.
func TestReadyFromAStranger(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "env", plain, func(sp *plan.Spec) { sp.Ready.Kind = "notify" })))
	var got struct{ Env []string }
	if err := json.Unmarshal([]byte(s.line("ENV ")), &got); err != nil {
		t.Fatal(err)
	}
	path := ""
	for _, entry := range got.Env {
		if value, found := strings.CutPrefix(entry, "NOTIFY_SOCKET="); found {
			path = value
		}
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("STATUS=mine\nREADY=1")); err != nil {
		t.Fatal(err)
	}
	tr := s.saw("an effect", func(tr report.Event) bool { return tr.Ready || strings.Contains(tr.Reason, "READY=1 came from") })
	if want := fmt.Sprintf("READY=1 came from pid %d (", os.Getpid()); tr.Ready || !strings.Contains(tr.Reason, want) {
		t.Errorf("ready %t: %s", tr.Ready, tr.Reason)
	}
	if w := s.one("w"); w.Status != "" {
		t.Errorf("a stranger has set the status: %+v", w)
	}
}
