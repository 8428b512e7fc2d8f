package worker

import (
	"os"
	"os/signal"
	"syscall"
)

// surviveBrokenPipe makes a write to stdout or stderr return an error when the
// reader has died. Without it, such a write ends the process. A worker that
// outlives its initiator may have to outlive the initiator's keeper too, and
// the keeper reads these pipes. The signal is handled and not ignored, because
// children inherit an ignored signal.
func surviveBrokenPipe() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
