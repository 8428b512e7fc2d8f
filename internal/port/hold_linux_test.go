package port

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReserveLetsAWorkerBindAgainAndAgain(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "0.0.0.0", "::1", "::"} {
		t.Run(addr, func(t *testing.T) {
			a := New(freeRange(t, 3))
			res, err := a.Take(Reserve, addr, 0, nil)
			if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
				t.Skip("this machine has no IPv6:", err)
			}
			must(t, err)
			t.Cleanup(res.Release)
			for range 3 {
				worker := play(t, "listen", joinHostPort(addr, res.Port))
				worker.line(t)
				visit(t, addr, res.Port)
				worker.end()
				if err := plainBind(addr, res.Port); !errors.Is(err, unix.EADDRINUSE) {
					t.Errorf("plain bind: %v, want EADDRINUSE", err)
				}
			}
		})
	}
}

// visit connects and waits until the worker, which accepts nothing, is closed:
// the kernel does the handshake for it.
func visit(t testing.TB, addr string, port int) {
	t.Helper()
	c, err := net.Dial("tcp", joinHostPort(addr, port))
	must(t, err)
	must(t, c.Close())
}

// plainBind binds as another initiator or an ordinary program does.
func plainBind(addr string, port int) error {
	ip, err := resolveHost(addr)
	if err != nil {
		return err
	}
	fd, _, err := openSocket(Bind, ip, port, exclusive)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func TestReserveOnAllAddressesRefusesEach(t *testing.T) {
	a := New(freeRange(t, 2))
	res := take(t, a, Reserve, "0.0.0.0", 0, nil)
	if err := plainBind("127.0.0.1", res.Port); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("plain bind: %v, want EADDRINUSE", err)
	}
}

// TestHeldPortIsNeverEphemeral: the kernel gives a held port to no server and
// no client that asks for any port.
func TestHeldPortIsNeverEphemeral(t *testing.T) {
	for _, mode := range []string{Reserve, Inherit} {
		t.Run(mode, func(t *testing.T) {
			held := map[int]bool{}
			a := New(Range{}) // the kernel's own range
			for range 50 {
				held[take(t, a, mode, "", 0, nil).Port] = true
			}
			ip, err := resolveHost("")
			must(t, err)
			for i := range 2000 {
				share := sharing(i % 2) // with SO_REUSEADDR and without
				fd, got, err := openSocket(Bind, ip, 0, share)
				must(t, err)
				t.Cleanup(func() { _ = unix.Close(fd) })
				if held[got] {
					t.Fatalf("port %d was given away", got)
				}
			}
		})
	}
}

func TestInheritKeepsClientsWaiting(t *testing.T) {
	a := New(freeRange(t, 2))
	res := take(t, a, Inherit, "", 0, nil)
	for range 3 {
		client, err := net.Dial("tcp", joinHostPort("", res.Port)) // no process listens there
		must(t, err)
		_, err = client.Write([]byte("ping"))
		must(t, err)
		cmd := prepare("accept")
		cmd.ExtraFiles = []*os.File{res.File()}
		worker := start(t, "accept", cmd)
		answer, err := io.ReadAll(client)
		must(t, err)
		if string(answer) != "ping" {
			t.Errorf("got %q", answer)
		}
		must(t, client.Close())
		worker.end()
	}
	if err := plainBind("", res.Port); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("plain bind: %v, want EADDRINUSE", err)
	}
}

func TestDescriptorIsBlockingAndCloseOnExec(t *testing.T) {
	a := New(freeRange(t, 3))
	for _, mode := range []string{Reserve, Inherit} {
		fd := take(t, a, mode, "", 0, nil).File().Fd()
		status, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
		must(t, err)
		flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
		must(t, err)
		listening, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		must(t, err)
		if status&unix.O_NONBLOCK != 0 || flags&unix.FD_CLOEXEC == 0 || (listening == 1) != (mode == Inherit) {
			t.Errorf("%s: status %#x, flags %#x, listening %d", mode, status, flags, listening)
		}
	}
	if res := take(t, a, Bind, "", 0, nil); res.File() != nil {
		t.Error("bind holds a socket")
	}
}

// linger leaves a connection in TIME_WAIT on the server's side of port.
func linger(t testing.TB, l net.Listener) {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	server, err := l.Accept()
	must(t, err)
	must(t, server.Close()) // the side that closes first has TIME_WAIT
	_, err = io.ReadAll(client)
	must(t, err)
	must(t, client.Close())
	must(t, l.Close())
	if err := plainBind("", portOf(l)); !errors.Is(err, unix.EADDRINUSE) {
		t.Fatalf("plain bind: %v, want EADDRINUSE because of TIME_WAIT", err)
	}
}

func TestLingeringConnectionsDoNotBlockARestart(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			rng := freeRange(t, 2)
			first := take(t, New(rng), mode, "", rng.Min, nil)
			linger(t, serve(t, first))
			if mode != Inherit {
				must(t, listen(t, rng.Min).Close()) // the worker restarts
			}
			// The initiator restarts, or loses its keeper.
			first.Release()
			second := take(t, New(rng), mode, "", rng.Min, nil)
			must(t, second.Close())
			must(t, second.Rebind())
			must(t, serve(t, second).Close())
		})
	}
}

// serve listens on a reservation as a worker of its mode does.
func serve(t testing.TB, res *Reservation) net.Listener {
	t.Helper()
	if res.Mode != Inherit {
		return listen(t, res.Port)
	}
	l, err := net.FileListener(res.File())
	must(t, err)
	must(t, res.Close()) // the keeper's copy is closed too
	return l
}

// TestNextFreeSkipsLingering: the next free port is never a port on which
// connections linger: another port costs nothing, and taking it cannot rob
// another program.
func TestNextFreeSkipsLingering(t *testing.T) {
	rng := freeRange(t, 2)
	linger(t, listen(t, rng.Min))
	if res := take(t, New(rng), Reserve, "", 0, nil); res.Port != rng.Max {
		t.Errorf("got %d, want %d", res.Port, rng.Max)
	}
}

func TestTakenErrorNamesTheHolder(t *testing.T) {
	rng := freeRange(t, 1)
	stranger := play(t, "listen", joinHostPort("", rng.Min))
	stranger.line(t)
	for _, mode := range modes {
		_, err := New(rng).Take(mode, "", rng.Min, nil)
		var taken *TakenError
		if !errors.As(err, &taken) || taken.PID != stranger.pid() || taken.Command == "" {
			t.Fatalf("%s: got %v, want *Taken by %d", mode, err, stranger.pid())
		}
		if want := fmt.Sprintf("taken by process %d %s;", taken.PID, taken.Command); !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%v is not EADDRINUSE", err)
		}
	}
}

func TestFixedPortReservedByAnotherInitiator(t *testing.T) {
	rng := freeRange(t, 1)
	take(t, New(rng), Reserve, "", 0, nil)
	for _, mode := range modes {
		_, err := New(rng).Take(mode, "", rng.Min, nil)
		var taken *TakenError
		if !errors.As(err, &taken) || taken.HeldHere || !strings.Contains(err.Error(), "another initiator's reservation") {
			t.Errorf("%s: got %v", mode, err)
		}
	}
}

func TestRebindAfterTheKeeperIsLost(t *testing.T) {
	for _, mode := range []string{Reserve, Inherit} {
		t.Run(mode, func(t *testing.T) {
			res := take(t, New(freeRange(t, 1)), mode, "", 0, nil)
			must(t, res.Close())
			must(t, res.Rebind())
			if err := plainBind("", res.Port); !errors.Is(err, unix.EADDRINUSE) {
				t.Errorf("plain bind: %v, want EADDRINUSE", err)
			}
			must(t, res.Close())
			worker := play(t, "listen", joinHostPort("", res.Port))
			worker.line(t)
			var taken *TakenError
			if err := res.Rebind(); !errors.As(err, &taken) || taken.PID != worker.pid() {
				t.Errorf("got %v, want *Taken by the living worker %d", err, worker.pid())
			}
		})
	}
}
