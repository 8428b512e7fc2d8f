package supervise

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/plan"
)

func init() { roles["listens"] = serveInherited }

// serveInherited is a server that knows nothing of the contract and takes its
// socket as from systemd. It answers each connection with its process id, and ends
// when it has answered the connections that it has accepted.
func serveInherited() int {
	wait := obedient()
	if fds, pid := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID"); fds != "1" || pid != strconv.Itoa(os.Getpid()) || os.Getenv("INITIATOR_FDS") != "" {
		fmt.Printf("LISTEN_FDS=%s LISTEN_PID=%s in process %d\n", fds, pid, os.Getpid())
		return 1
	}
	ln, err := net.FileListener(os.NewFile(3, "inherited"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var answers sync.WaitGroup
	answers.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			answers.Go(func() {
				fmt.Fprint(conn, os.Getpid())
				conn.Close()
			})
		}
	})
	tellManager("READY=1")
	code := wait()
	ln.Close()
	answers.Wait()
	return code
}

// sharing is a pool whose workers share one port.
func sharing(replicas int) plan.Spec {
	port := takePorts(1).Min
	return spec("w", "listens", plain, func(sp *plan.Spec) {
		sp.Socket, sp.Port, sp.Replicas, sp.Ready.Kind = "inherit", port, replicas, "notify"
	})
}

// askPID connects and returns the answer of serveInherited.
func askPID(port int) (pid int, err error) {
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(answer))
}

// connectAll connects again and again until stop is called, and fails the test when
// a connection is refused or gets no answer.
func connectAll(t *testing.T, port int) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			pause := time.NewTicker(2 * time.Millisecond) // a gap between two workers is longer
			defer pause.Stop()
			for answered := 0; ; answered++ {
				select {
				case <-done:
					return
				case <-pause.C:
				}
				if _, err := askPID(port); err != nil {
					t.Errorf("after %d answers: %v", answered, err)
					return
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(done); clients.Wait() })
}

// TestRestartsUnderConnections restarts several workers on one socket, and a single
// worker, whose clients wait in the meantime. No connection is refused.
func TestRestartsUnderConnections(t *testing.T) {
	t.Parallel()
	sp := sharing(3)
	s := open(t, planOf(sp))
	s.until("all", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 3 })
	stop := connectAll(t, sp.Port)
	defer stop()
	restart := func() {
		t.Helper()
		results, err := s.Restart(t.Context(), "w")
		for _, r := range results {
			if r.Error != "" || !r.Worker.Ready || r.Worker.Port != sp.Port {
				t.Errorf("after a restart: %+v", r)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	restart()
	restart()
	for _, n := range []int{1, 2} {
		if err := s.ScalePool(t.Context(), "w", n); err != nil {
			t.Fatal(err)
		}
		restart()
	}
	stop()
	pids := map[int]bool{}
	for _, w := range s.Workers() {
		pids[w.PID] = true
	}
	if pid, err := askPID(sp.Port); err != nil || !pids[pid] {
		t.Errorf("pid %d answers, %v; the workers are %v", pid, err, pids)
	}
	if _, err := s.Stop(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if pid, err := askPID(sp.Port); err == nil {
		t.Errorf("pid %d answers when all are stopped", pid)
	}
}

// TestSharedPortAfterTheKeeperWasKilled: the socket has died with the keeper, and
// the workers share a new one on the same port.
func TestSharedPortAfterTheKeeperWasKilled(t *testing.T) {
	t.Parallel()
	sp := sharing(2)
	s := open(t, planOf(sp))
	s.until("both", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 2 })
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("both again", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 2) == 2 })
	if _, err := askPID(sp.Port); err != nil {
		t.Error(err)
	}
	stop := connectAll(t, sp.Port)
	defer stop()
	if _, err := s.Restart(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
}

// TestSharedPortOverAnUpgrade: the next supervisor goes on with the workers on their
// one socket, and gives it to another worker. No connection is refused.
func TestSharedPortOverAnUpgrade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keeper.sock")
	k, err := keeper.Launch(keeper.Options{HandoverSocket: path})
	if err != nil {
		t.Fatal(err)
	}
	sp := sharing(2)
	s := open(t, planOf(sp), func(o *Options) { o.Keeper = k })
	s.until("both", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 2 })
	stop := connectAll(t, sp.Port)
	defer stop()
	if err := s.Quiesce(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	<-s.done
	k.Detach()
	next, held, err := keeper.Attach(path, keeper.Options{})
	if err != nil || len(held) != 2 {
		t.Fatalf("held %+v, %v", held, err)
	}
	t.Cleanup(func() { next.Close() })
	s2 := open(t, planOf(sp), func(o *Options) { o.Keeper, o.Held = next, held })
	if err := s2.ScalePool(t.Context(), "w", 3); err != nil {
		t.Fatal(err)
	}
	if _, err := s2.Restart(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	for _, w := range s2.Workers() {
		if !w.Ready || w.Port != sp.Port {
			t.Errorf("after the upgrade: %+v", w)
		}
	}
}
