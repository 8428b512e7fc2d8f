package handover

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/api"
	"initiator/internal/keeper"
	"initiator/internal/statedir"
)

// An API moves to another port only when no worker knows the earlier port.
func TestListenOnEarlierPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	options := api.Options{Addr: "127.0.0.1"}
	s := &State{APIPort: port}
	server, err := s.Listen(options)
	if err != nil || server.Port() == port {
		t.Fatalf("without workers: %v", err)
	}
	server.Close(t.Context())
	s.Held = []keeper.KeptWorker{{GUID: "w", Incarnation: 2}}
	if _, err := s.Listen(options); err == nil || !strings.Contains(err.Error(), "they run on and wait") {
		t.Errorf("with a worker: %v", err)
	}
	taken.Close()
	if server, err = s.Listen(options); err != nil || server.Port() != port {
		t.Fatalf("when the port is free: %v", err)
	}
	server.Close(t.Context())
}

// Without a waiting keeper the list of workers comes from the snapshots.
func TestLoadReadsSnapshots(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	dir, err := statedir.Open(path, statedir.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := dir.WriteAPIPort(4000); err != nil {
		t.Fatal(err)
	}
	store := dir.NewSnapshotStore(nil)
	store.SaveSnapshot("w", 2, 0, 0, []byte(`{}`))
	stop := make(chan struct{})
	close(stop)
	store.Run(stop)
	s, err := Load(dir, keeper.Options{HandoverSocket: KeeperSocket(path)})
	if err != nil || s.APIPort != 4000 || s.KeeperOutdated() {
		t.Fatalf("%+v, %v", s, err)
	}
	if statedir.CurrentBoot() != "" && (!s.IsHeld("w", 2) || s.IsHeld("w", 1) || s.IsHeld("v", 2)) {
		t.Errorf("held: %+v", s.Held)
	}
	if filepath.Dir(KeeperSocket(path)) != path {
		t.Errorf("the keeper's socket is %s", KeeperSocket(path))
	}
}
