package initiator

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"initiator/internal/api"
	"initiator/internal/limits"
	"initiator/internal/loopback"
	"initiator/internal/plan"
)

// listenAPI opens the listeners of the API. Nothing is answered yet.
func (s *server) listenAPI(token string) (*api.Server, error) {
	settings := s.Plan().Settings
	passed := s.config.Listeners
	addr := apiAddress(passed, settings.ListenAddr)
	if !settings.Insecure && !loopback.IsHost(addr) {
		return nil, fmt.Errorf("listen on %s: refused, because it is beyond loopback and there is no TLS; use 127.0.0.1, or `insecure = true` in [initiator] if others can be trusted with everything", addr)
	}
	if settings.Insecure {
		s.log.Warn("insecure = true: anybody who can reach the address can read tokens on the wire", "listen_addr", addr)
	}
	if s.execState != nil {
		inherited, err := s.execState.InheritedListeners()
		if err != nil {
			return nil, err
		}
		passed = inherited
	}
	mode, group, err := s.openSocketTo(settings)
	if err != nil {
		return nil, err
	}
	server, err := s.handover.Listen(api.Options{
		Addr: settings.ListenAddr, Port: settings.ListenPort, Passed: passed, Own: s.execState != nil && s.execState.OwnsSocket,
		Config: s.Plan().Path(), Token: token, Logger: s.log.Named("api"), Socket: s.Socket(), SocketMode: mode, SocketGroup: group,
		ResultBody: s.config.resultBody,
	})
	if err != nil {
		return nil, err
	}
	if l, err := s.dir.ListenClaim(); err != nil {
		s.log.Warn("clients will not reach the initiator when its socket is removed", "error", err)
	} else if l != nil {
		server.AddFallback(l)
	}
	return server, nil
}

// openSocketTo returns the mode and the group of the unix socket, and lets the
// group through the state directory. Without a permission to do so the socket
// still serves its owner.
func (s *server) openSocketTo(settings plan.Settings) (mode os.FileMode, group *uint32, err error) {
	mode = os.FileMode(settings.SocketMode).Perm()
	if settings.SocketGroup != "" {
		id, err := limits.LookUpGroup(settings.SocketGroup)
		if err != nil {
			return 0, nil, fmt.Errorf("socket_group: %w", err)
		}
		group = &id
	}
	if err := s.dir.AllowSearch(mode, group); err != nil {
		s.log.Warn("the socket has no use for others", "error", err)
	}
	return mode, group, nil
}

// apiAddress is the address on which the API listens on TCP. A listener that was
// passed counts whatever the INI says: beyond loopback it is as dangerous as
// any.
func apiAddress(passed []net.Listener, configured string) string {
	for _, l := range passed {
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			return a.IP.String()
		}
	}
	return configured
}

// writeAPIPort notes where the API is. When that fails the initiator does all its
// work, but workers that outlive it do not find the next initiator.
func (s *server) writeAPIPort() {
	if err := s.dir.WriteAPIPort(s.api.Port()); err != nil {
		s.log.Warn("the API's port cannot be stored: workers with on_initiator_exit = keep would not find the next initiator", "error", err)
	}
}

// serveAPI begins to answer, once every session of an earlier initiator is known
// again: a result that came before would be refused, and be lost.
func (s *server) serveAPI() {
	s.dispatcher.FinishResume()
	s.Initiator.server.Store(s)
	s.runState.noteStarted() // before the first answer: its caller may use this Initiator
	s.api.Serve(&api.Services{
		Tasks: s.dispatcher, Workers: s.supervisor, Pools: s.pools, Events: s.journal, Logs: s.logs,
		Configs: s.configs, Plan: s.Plan, Control: s,
	})
	if !s.config.Ephemeral { // a private run is there for one task
		s.background.startGoroutine(func() { s.scheduler.Run(s.runContext, s.Plan().Schedules) })
	}
	s.programStarted()
	s.handover.ConfirmStart()
}

// closeTimeout is how long requests may take to end after everything else has.
const closeTimeout = 2 * time.Second

func (s *server) closeAPI() {
	s.closeAPIOnce.Do(func() {
		s.endRun() // ends event streams, which would never end by themselves
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		s.api.Close(ctx)
	})
}

// drainTimeout is how long requests may take to end before an upgrade. Then
// requests that wait for something are cut short.
const drainTimeout = 200 * time.Millisecond

// stopAccepting closes the listeners while the loops still answer the requests
// that have arrived. A client that connects from then on waits for the next
// program.
func (s *server) stopAccepting() {
	closed := make(chan struct{})
	go func() { // ends within closeTimeout; Run waits for that too
		defer close(closed)
		s.closeAPI()
	}()
	select {
	case <-closed:
	case <-time.After(drainTimeout):
	}
}
