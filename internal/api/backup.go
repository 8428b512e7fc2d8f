package api

import (
	"context"
	"net/http"
)

// writeBackup answers GET /backup with an archive of the state directory. When it
// cannot go on it breaks the connection; the archive then has no end.
func (h *handlers) writeBackup(w http.ResponseWriter, r *http.Request) {
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	defer context.AfterFunc(h.life, stop)()
	out := &archiveWriter{ctx: ctx, to: w}
	err := h.Control.WriteBackup(ctx, out)
	switch {
	case err == nil:
	case !out.begun:
		h.writeError(w, r, err)
	default:
		h.log.Warn("a backup was not completed", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// archiveWriter writes an answer as long as the client reads it and ctx lasts.
type archiveWriter struct {
	ctx   context.Context
	to    http.ResponseWriter
	begun bool
}

// Write implements io.Writer.
func (a *archiveWriter) Write(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	if !a.begun {
		a.begun = true
		a.to.Header().Set("Content-Type", "application/x-tar")
	}
	return a.to.Write(p)
}
