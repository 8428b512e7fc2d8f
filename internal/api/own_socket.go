package api

import (
	"errors"
	"io/fs"
	"net"
	"os"
)

// OwnsSocket reports whether Close removes the unix socket at Options.Socket.
func (s *Server) OwnsSocket() bool { return s.ownsSocket }

// noteSocket remembers which file Options.Socket is, so that Close does not remove
// the socket of another initiator.
func (s *Server) noteSocket() {
	s.socketFile = nil
	if s.ownsSocket {
		s.socketFile, _ = os.Lstat(s.o.Socket) // nil: RestoreSocket listens again
	}
}

// hasSocket reports whether the file at Options.Socket is the socket that this Server
// has made. A file with a reused inode has another time.
func (s *Server) hasSocket() bool {
	at, err := os.Lstat(s.o.Socket)
	return err == nil && s.socketFile != nil && os.SameFile(at, s.socketFile) && at.ModTime().Equal(s.socketFile.ModTime())
}

// RestoreSocket listens at Options.Socket again when the file was removed, and
// reports whether it did. Clients that are connected are not affected. The caller
// makes sure that the directory is still the initiator's. Before Serve nothing is
// restored.
func (s *Server) RestoreSocket() (restored bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ownsSocket || s.http == nil || s.closed || s.handedOver.Load() {
		return false, nil
	}
	if _, err := os.Lstat(s.o.Socket); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	l, err := listenUnix(s.o.Socket, s.o.SocketMode, s.o.SocketGroup)
	if err != nil {
		return false, err
	}
	old := s.unix
	s.unix = l
	s.noteSocket()
	s.serve(l)
	if old != nil {
		_ = old.Close() // no client can reach it
	}
	return true, nil
}

// AddFallback adds a listener over which clients reach the API when its socket is
// gone. It decides itself which users may connect. The next program of this process
// does not get it. AddFallback may be called before Serve; Close closes l.
func (s *Server) AddFallback(l net.Listener) { s.fallback = append(s.fallback, l) }

// removeSocket removes the socket that this Server has made.
func (s *Server) removeSocket(own bool) {
	if own && s.ownsSocket && !s.handedOver.Load() {
		_ = os.Remove(s.o.Socket)
	}
}
