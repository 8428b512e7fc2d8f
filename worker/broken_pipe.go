package worker

import (
	"os"
	"os/signal"
	"syscall"
)

// surviveBrokenPipe makes writing to stdout or stderr an error like any other when their
// reader has died, which without it ends the process on the spot. A worker that
// is to outlive its initiator may have to outlive the initiator's keeper too,
// and that is who reads. Handling the signal, and not ignoring it, keeps
// children from inheriting the change.
func surviveBrokenPipe() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
