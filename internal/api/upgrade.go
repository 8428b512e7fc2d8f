package api

import (
	"context"
	"net"
	"net/http"
	"os"

	"initiator/proactor"
)

// Upgrader is a House that can be replaced in place.
type Upgrader interface {
	// Upgrade checks another program and then becomes it; "" is the file of
	// the running one, which may have been replaced. It returns when nothing
	// can be refused any more: what is on its way to us is answered by the
	// next. The version is that of the next program.
	Upgrade(ctx context.Context, binary string) (version string, err error)
}

// upgrade answers POST /upgrade.
func upgrade(h House) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Binary string `json:"binary"`
		}
		if !read(w, r, &body) {
			return
		}
		u, able := h.(Upgrader)
		if !able {
			proactor.NotFound.Write(w, "this initiator cannot be upgraded in place", nil)
			return
		}
		version, err := u.Upgrade(r.Context(), body.Binary)
		if err != nil {
			proactor.BadBody.Write(w, err.Error(), nil)
			return
		}
		write(w, http.StatusAccepted, map[string]any{"version": version, "generation": h.Status().Generation})
	}
}

// Owns reports whether the socket at Socket is ours to remove.
func (s *Server) Owns() bool { return s.own }

// Handover gives copies of all listening sockets for the next program of this
// process: clients wait in their backlogs. From then on Close leaves the unix
// socket's path where it is.
func (s *Server) Handover() (files []*os.File, err error) {
	for _, l := range append([]net.Listener{s.tcp}, s.beside()...) {
		f, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			for _, f := range files {
				_ = f.Close()
			}
			return nil, err
		}
		files = append(files, f)
	}
	s.left.Store(true)
	return files, nil
}
