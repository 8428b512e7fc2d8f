package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"initiator/initiator/client"
	"initiator/initiator/task"
)

// data is what every request carries.
var data = []byte(`{"a":2,"b":3}`)

// openInitiator builds the program, runs it with one worker, and speaks to it
// as any Go client does.
func openInitiator(sync string) func(*house) (peer, error) {
	return func(h *house) (peer, error) {
		dir, err := h.dir()
		if err != nil {
			return peer{}, err
		}
		program, file := filepath.Join(dir, "initiator"), filepath.Join(dir, "bench.ini")
		if out, err := exec.Command("go", "-C", "../..", "build", "-o", program, "./cmd/initiator").CombinedOutput(); err != nil {
			return peer{}, fmt.Errorf("build the initiator: %w\n%s", err, out)
		}
		ini := "[initiator]\nsync = " + sync + "\n[worker:echo]\ncommand = ${initiator:self} job echo\nslots = 256\nretention = tasks:1000\n"
		if err := os.WriteFile(file, []byte(ini), 0o600); err != nil {
			return peer{}, err
		}
		if _, err := h.start(program, "up", "-c", file, "-o", "json", "--loglevel", "error"); err != nil { // the first line is of its worker
			return peer{}, err
		}
		c := client.Unix(filepath.Join(dir, ".initiator", "initiator.sock"))
		h.ends = append(h.ends, c.Close)
		once := func() error {
			got, err := c.Call(context.Background(), task.Request{Pool: "echo", Data: data})
			if err == nil && got.State != task.Completed {
				err = fmt.Errorf("%s: %s", got.State, got.Reason)
			}
			return err
		}
		return peer{"initiator, sync " + sync, once}, once()
	}
}
