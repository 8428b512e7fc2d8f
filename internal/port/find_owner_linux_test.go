package port

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"initiator/internal/procfs"
)

// server starts a child that listens and returns its port.
func server(t testing.TB, role, addr string) (*child, int) {
	t.Helper()
	c := play(t, role, addr)
	var port int
	_, err := fmt.Sscanf(c.line(t), "listening %d", &port)
	must(t, err)
	return c, port
}

func TestFindOwner(t *testing.T) {
	worker, port := server(t, "listen", "127.0.0.1:0")
	wrapper, inner := server(t, "grandchild", "127.0.0.1:0")
	wildcard, everywhere := server(t, "listen", "0.0.0.0:0")
	tests := []struct {
		name, addr string
		port, pid  int
		want       Ownership
	}{
		{"the worker", "127.0.0.1", port, worker.pid(), Ownership{Listening: true, HeldByWorker: true, PID: worker.pid()}},
		{"by default address", "", port, worker.pid(), Ownership{Listening: true, HeldByWorker: true, PID: worker.pid()}},
		{"on all addresses", "0.0.0.0", port, worker.pid(), Ownership{Listening: true, HeldByWorker: true, PID: worker.pid()}},
		{"ancestor", "127.0.0.1", port, os.Getpid(), Ownership{Listening: true, HeldByWorker: true, PID: worker.pid()}},
		{"listens everywhere", "127.0.0.1", everywhere, wildcard.pid(), Ownership{Listening: true, HeldByWorker: true, PID: wildcard.pid()}},
		{"impostor", "127.0.0.1", port, wrapper.pid(), Ownership{Listening: true, PID: worker.pid(), OtherCommand: procfs.CommandName(worker.pid())}},
		{"a pid that is gone", "127.0.0.1", port, 1 << 30, Ownership{Listening: true, PID: worker.pid(), OtherCommand: procfs.CommandName(worker.pid())}},
		{"another address", "127.0.0.2", port, worker.pid(), Ownership{}},
		{"another port", "127.0.0.1", 1, worker.pid(), Ownership{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FindOwner(tt.addr, tt.port, tt.pid)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
	t.Run("a descendant has it", func(t *testing.T) {
		got, err := FindOwner("127.0.0.1", inner, wrapper.pid())
		if err != nil || !got.HeldByWorker || got.PID == wrapper.pid() || parentOf(got.PID) != wrapper.pid() {
			t.Errorf("got %+v, %v, want a child of %d", got, err, wrapper.pid())
		}
	})
}

// TestFindOwnerOfHeldPorts: a reservation is not a server, and a held listening
// socket is not the worker.
func TestFindOwnerOfHeldPorts(t *testing.T) {
	a := New(freeRange(t, 2))
	reserved := take(t, a, Reserve, "", 0, nil)
	if own, err := FindOwner("", reserved.Port, os.Getpid()); err != nil || own.Listening {
		t.Errorf("reserve: got %+v, %v", own, err)
	}
	held := take(t, a, Inherit, "", 0, nil)
	stranger := play(t, "listen", "127.0.0.1:0")
	if own, err := FindOwner("", held.Port, stranger.pid()); err != nil || own.HeldByWorker || own.PID != os.Getpid() {
		t.Errorf("inherit: got %+v, %v", own, err)
	}
}

// TestListHeld: the listening sockets of a process and its descendants, and of
// no other process.
func TestListHeld(t *testing.T) {
	wrapper, inner := server(t, "grandchild", "127.0.0.1:0")
	other, _ := server(t, "listen", "127.0.0.1:0")
	s, err := ReadListeners()
	must(t, err)
	if got := fmt.Sprint(s.ListHeld(wrapper.pid())); got != fmt.Sprintf("[127.0.0.1:%d]", inner) {
		t.Errorf("the wrapper: %s, want port %d alone", got, inner)
	}
	if got := s.ListHeld(other.pid()); len(got) != 1 || int(got[0].Port()) == inner {
		t.Errorf("the other: %v", got)
	}
	if got := s.ListHeld(1 << 30); got != nil {
		t.Errorf("a pid that is gone: %v", got)
	}
}

// TestSharedPortIsNotTheWorkers: the kernel spreads connections over all
// sockets that listen with SO_REUSEPORT, and prefers those on the exact
// address. With another program among them, a secret could go to that program.
func TestSharedPortIsNotTheWorkers(t *testing.T) {
	for name, addr := range map[string]string{"same address": "127.0.0.1:0", "exact goes first": "0.0.0.0:0"} {
		t.Run(name, func(t *testing.T) {
			worker, port := server(t, "share", addr)
			if own, err := FindOwner("", port, worker.pid()); err != nil || !own.HeldByWorker {
				t.Fatalf("alone: got %+v, %v", own, err)
			}
			stranger, err := shared("tcp4", joinHostPort("127.0.0.1", port))
			must(t, err)
			defer stranger.Close()
			own, err := FindOwner("", port, worker.pid())
			if err != nil || own.HeldByWorker || own.PID != os.Getpid() {
				t.Errorf("got %+v, %v, want not ours because of %d", own, err, os.Getpid())
			}
		})
	}
}

// TestHiddenWildcardListener: another program that listens on all addresses
// behind the worker's exact address gets no connection.
func TestHiddenWildcardListener(t *testing.T) {
	worker, port := server(t, "share", "127.0.0.1:0")
	stranger, err := shared("tcp4", joinHostPort("0.0.0.0", port))
	must(t, err)
	defer stranger.Close()
	if own, err := FindOwner("", port, worker.pid()); err != nil || !own.HeldByWorker {
		t.Errorf("got %+v, %v", own, err)
	}
}

func TestFindOwnerAsAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can play another user")
	}
	l := listen(t, 0)
	cmd := prepare("ask", "127.0.0.1", fmt.Sprint(portOf(l)), fmt.Sprint(os.Getpid()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if got := start(t, "ask", cmd).line(t); got != "true false true" {
		t.Errorf("got %q, want listening, not ours, ErrUnknown", got)
	}
}

func parentOf(pid int) int {
	p, _ := procfs.ReadStat(pid)
	return p.Parent
}

func TestReadListenersLeaksNothing(t *testing.T) {
	l := listen(t, 0)
	before := openFiles(t)
	for range 20 {
		if own, err := FindOwner("", portOf(l), os.Getpid()); err != nil || !own.HeldByWorker {
			t.Fatalf("got %+v, %v", own, err)
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// thousand makes a thousand listening sockets.
func thousand(b *testing.B) (a *Allocator) {
	a = New(Range{Min: 10000, Max: 19999})
	for range 1000 {
		res, err := a.Take(Inherit, "", 0, nil)
		must(b, err)
		b.Cleanup(res.Release)
	}
	return a
}

func BenchmarkReadListeners1000(b *testing.B) {
	thousand(b)
	b.Run("sock_diag", func(b *testing.B) {
		for b.Loop() {
			s := &ListenerTable{}
			must(b, listDiag(s.addListener))
		}
	})
	b.Run("proc", func(b *testing.B) {
		for b.Loop() {
			_, err := listText()
			must(b, err)
		}
	})
}

// BenchmarkFindOwnerOfWorker is the cost of each of 1,000 workers beside the
// read of the table.
func BenchmarkFindOwnerOfWorker(b *testing.B) {
	worker, port := server(b, "listen", "127.0.0.1:0")
	s, err := ReadListeners()
	must(b, err)
	for b.Loop() {
		own, err := s.FindOwner("127.0.0.1", port, worker.pid())
		if err != nil || !own.HeldByWorker {
			b.Fatal(own, err)
		}
	}
}

func BenchmarkFindOwnerOfGrandchild(b *testing.B) {
	wrapper, port := server(b, "grandchild", "127.0.0.1:0")
	s, err := ReadListeners()
	must(b, err)
	for b.Loop() {
		own, err := s.FindOwner("127.0.0.1", port, wrapper.pid())
		if err != nil || !own.HeldByWorker {
			b.Fatal(own, err)
		}
	}
}
