package jobs

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"initiator/worker"
)

type crashInput struct {
	How  string `json:"how"`
	Code int    `json:"code"`
}

// crash misbehaves on demand, so that users can watch how the initiator
// handles it:
//
//	{"how": "panic"}            the task fails, with the panic as its message
//	{"how": "goexit"}           the handler ends its goroutine: the task fails
//	{"how": "exit", "code": 3}  the process exits: the task runs again elsewhere
//	{"how": "kill"}             SIGKILL ends the process: the task runs again elsewhere
//	{"how": "hang"}             the handler ignores its context for ever
//	{"how": "leak"}             the handler allocates memory until its context ends
var crash = worker.Handle("crash", func(ctx context.Context, in crashInput) (any, error) {
	switch in.How {
	case "panic":
		panic(fmt.Sprintf("crash: panic with code %d, as the task has requested", in.Code))
	case "goexit":
		runtime.Goexit()
	case "exit":
		os.Exit(in.Code)
	case "kill":
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang":
		select {}
	case "leak":
		return leakMemory(ctx)
	}
	return nil, worker.TaskFail{Data: map[string]any{
		"message": fmt.Sprintf("crash: unknown how %q; use panic, goexit, exit, kill, hang or leak", in.How),
	}}
})

// leakMemory allocates memory and writes to each page, so that the memory is
// really used. It stops when the context ends, unlike hang.
func leakMemory(ctx context.Context) (any, error) {
	var held [][]byte
	for ctx.Err() == nil {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		held = append(held, block)
		worker.Progress(ctx, map[string]int{"held_mb": len(held)})
	}
	return nil, context.Cause(ctx)
}
