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

// data is the data of every request.
var data = []byte(`{"a":2,"b":3}`)

// openInitiator builds the program, runs it with one worker, and uses it through
// package client.
func openInitiator(sync string) func(*setup) (peer, error) {
	return func(s *setup) (peer, error) {
		dir, err := s.makeDir()
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
		if _, err := s.startProgram(program, "up", "-c", file, "-o", "json", "--loglevel", "error"); err != nil { // the first line says that the worker is ready
			return peer{}, err
		}
		c := client.New(filepath.Join(dir, ".initiator", "initiator.sock"))
		s.cleanups = append(s.cleanups, c.Close)
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
