package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// setup holds the processes, folders and clients of a measurement. The zero value is
// ready.
type setup struct {
	cleanups []func() // in the order in which the parts were started
}

// closeAll ends every part in reverse order.
func (s *setup) closeAll() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
	}
}

// startProgram runs a program until closeAll, and returns the first line that the
// program prints when it is ready.
func (s *setup) startProgram(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", fmt.Errorf("start %s: %w", program, err)
	}
	s.cleanups = append(s.cleanups, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("start %s: it printed no line: %w", program, err)
	}
	return strings.TrimSpace(line), nil
}

// makeDir returns a new folder that closeAll removes.
func (s *setup) makeDir() (string, error) {
	path, err := os.MkdirTemp("", "peers")
	if err == nil {
		s.cleanups = append(s.cleanups, func() { _ = os.RemoveAll(path) })
	}
	return path, err
}
