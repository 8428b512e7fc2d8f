package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// house holds what was started for a measurement.
type house struct {
	ends []func()
}

// close ends everything, the last first.
func (h *house) close() {
	for i := len(h.ends) - 1; i >= 0; i-- {
		h.ends[i]()
	}
}

// start runs a program until the house is closed, and returns the first line
// that it prints, by which it says that it is ready.
func (h *house) start(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", fmt.Errorf("start %s: %w", program, err)
	}
	h.ends = append(h.ends, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("start %s: it has not said that it is ready: %w", program, err)
	}
	return strings.TrimSpace(line), nil
}

// dir is a folder that is removed with the house.
func (h *house) dir() (string, error) {
	path, err := os.MkdirTemp("", "peers")
	if err == nil {
		h.ends = append(h.ends, func() { _ = os.RemoveAll(path) })
	}
	return path, err
}
