package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"initiator/initiator"
)

// send signals the initiator of the script's directory, whose pid is in its
// lock: `hup`, `usr2`, `crash`.
func send(sig syscall.Signal) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, _ []string) {
		text, err := os.ReadFile(ts.MkAbs(".initiator/lock"))
		ts.Check(err)
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		ts.Check(err)
		ts.Check(syscall.Kill(pid, sig))
	}
}

// grows waits until a file has something in it, or a certain text:
// `grows FILE [TEXT]`.
func grows(ts *testscript.TestScript, _ bool, args []string) {
	part := strings.Join(args[1:], " ")
	ts.Check(until(part+" in "+args[0], func(context.Context) bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && len(text) > 0 && strings.Contains(string(text), part)
	}))
}

// awaitSeen waits until the state file shows every worker ready.
func awaitSeen(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(until("the state file", func(context.Context) bool {
		s, err := initiator.ReadLastSeen(ts.MkAbs(".initiator"))
		for _, w := range s.Workers {
			if !w.Ready {
				return false
			}
		}
		return err == nil && len(s.Workers) > 0
	}))
}
