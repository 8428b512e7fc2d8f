package stateclaim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// roles are what the test binary does as another process, with one argument.
var roles = map[string]func(arg string){
	"dial": func(dir string) { fmt.Print(Dial(context.Background(), dir) != nil) },
	"take": func(dir string) {
		c, holder := Take(dir)
		fmt.Print(c != nil, " ", holder)
	},
	"hold": func(name string) { // until stdin ends
		if _, err := net.Listen("unix", name); err == nil {
			fmt.Print(".")
			_, _ = io.Copy(io.Discard, os.Stdin)
		}
	},
	"read": func(name string) {
		if c, err := net.Dial("unix", name); err == nil {
			_, _ = io.Copy(os.Stdout, c)
		}
	},
}

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && roles[os.Args[1]] != nil {
		roles[os.Args[1]](os.Args[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runAs runs the test binary as a user and returns what it writes.
func runAs(t *testing.T, uid uint32, args ...string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	if uid != uint32(os.Geteuid()) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// serveClaim takes a claim and accepts the connections that it admits.
func serveClaim(t *testing.T, dir string) {
	t.Helper()
	c, holder := Take(dir)
	if c == nil || holder != 0 {
		t.Fatalf("%v, %d", c, holder)
	}
	l, err := c.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello"))
			conn.Close()
		}
	}()
}

// Another process of the same user finds the holder of a claim, and reaches it, also
// without the directory.
func TestClaimIsFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	me := uint32(os.Geteuid())
	if got := runAs(t, me, "dial", dir); got != "false" {
		t.Errorf("without a claim Dial reports %s", got)
	}
	serveClaim(t, dir)
	if got, want := runAs(t, me, "take", dir), fmt.Sprint(false, " ", os.Getpid()); got != want {
		t.Errorf("Take finds %q, want %q", got, want)
	}
	if got := runAs(t, me, "dial", dir); got != "true" {
		t.Errorf("Dial reports %s", got)
	}
	if got := runAs(t, me, "take", dir+"2"); got != "true 0" {
		t.Errorf("another directory: %s", got)
	}
	if c, holder := Take(dir); c != nil || holder != 0 {
		t.Errorf("the same process finds %v, %d", c, holder)
	}
}

// Close releases a claim.
func TestClaimIsReleased(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	for range 2 {
		c, _ := Take(dir)
		if c == nil {
			t.Fatal("the claim is held")
		}
		c.Close()
		c.Close()
	}
	var none *Claim
	none.Close()
	if l, err := none.Listen(); l != nil || err != nil {
		t.Errorf("%v, %v", l, err)
	}
}

// A name that another user has taken neither keeps this user from starting nor gets
// requests.
func TestClaimOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: another user takes root")
	}
	dir := filepath.Join(t.TempDir(), "state")
	squatter := exec.Command("/proc/self/exe", "hold", claimName(dir))
	squatter.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	in, err := squatter.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := squatter.StdoutPipe()
	if err == nil {
		err = squatter.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if got := runAs(t, 0, "take", dir); got != "false 0" {
		t.Errorf("Take finds %q", got)
	}
	if got := runAs(t, 0, "dial", dir); got != "false" {
		t.Errorf("Dial reports %s", got)
	}
	if err := errors.Join(in.Close(), squatter.Wait()); err != nil {
		t.Error(err)
	}
}

// The listener closes the connections of other users.
func TestListenerAdmitsOneUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: another user takes root")
	}
	dir := filepath.Join(t.TempDir(), "state")
	serveClaim(t, dir)
	for uid, want := range map[uint32]string{0: "hello", 65534: ""} {
		if got := runAs(t, uid, "read", claimName(dir)); got != want {
			t.Errorf("user %d reads %q, want %q", uid, got, want)
		}
	}
}
