package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/output"
	"initiator/internal/plan"
	"initiator/internal/spelling"
)

// temporaryInitiator is an initiator in this process that serves a single
// command.
type temporaryInitiator struct {
	in          *initiator.Initiator
	forWorkers  *output.Queue // writes to stderr the output of workers whose log is "-"; nil = with --quiet
	state       string        // its state directory
	manualStart []string      // definitions without autostart, which the command starts
}

// runDuring runs the initiator during do, and removes its state directory.
func (h *temporaryInitiator) runDuring(ctx context.Context, r *runner, do func(context.Context) error) error {
	defer func() { _ = os.RemoveAll(h.state) }()
	defer h.closeOutput()
	running, end := context.WithCancel(context.Background())
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	ran := make(chan error, 1)
	go func() {
		err := h.in.Run(running)
		if err != nil {
			cancel(err)
		}
		ran <- err
	}()
	err := h.runWhenListening(ctx, r, do)
	end()
	ended := h.waitForEnd(r, ran)
	cancel(nil)
	if err == nil {
		err = ended
	}
	return err
}

// closeOutput writes the last output of workers.
func (h *temporaryInitiator) closeOutput() {
	if h.forWorkers != nil {
		h.forWorkers.Close(outputGrace)
	}
}

// runWhenListening calls do as soon as the API answers.
func (h *temporaryInitiator) runWhenListening(ctx context.Context, r *runner, do func(context.Context) error) error {
	select {
	case <-h.in.Started():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := h.in.Err(); err != nil {
		return err
	}
	r.client = client.New(h.in.Socket(), client.ReconnectFor(0))
	defer r.client.Close()
	if len(h.manualStart) > 0 {
		started := make(chan struct{})
		starting, stop := context.WithCancel(ctx)
		go func() {
			defer close(started)
			_, _ = r.client.Start(starting, h.manualStart...) // the watcher reports a failed start
		}()
		defer func() { stop(); <-started }()
	}
	return do(ctx)
}

// waitForEnd waits until all workers have stopped. A signal kills them.
func (h *temporaryInitiator) waitForEnd(r *runner, ran <-chan error) error {
	slow := time.NewTimer(progressInterval)
	defer slow.Stop()
	for {
		select {
		case <-slow.C:
			r.printNote("waiting for the workers to stop; Ctrl-C kills them")
		case err := <-ran:
			return err
		case s := <-r.laterSignals:
			r.printNote("killing the remaining workers (%s)", cli.Interrupted{Signal: s})
			h.in.Kill()
		}
	}
}

// newTemporaryInitiator returns an initiator that runs only the pool of target
// and its dependencies. Nothing is started yet.
func (r *runner) newTemporaryInitiator(target string) (*temporaryInitiator, error) {
	p, err := r.ReadPlan()
	if err != nil {
		return nil, err
	}
	pool, err := poolOf(p, target)
	if err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp("", "initiator-run-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the state: %w", err)
	}
	h := &temporaryInitiator{state: state}
	config := initiator.Config{
		Plan: p.WithStartRetries(startTries), StateDir: state, Only: []string{pool}, Ephemeral: true,
		Logger: initiator.HCLog(hclog.New(&hclog.LoggerOptions{Name: "initiator", Level: hclog.Error, Output: terminal.LogWriter{To: r.Err.Detach()}, Exclude: isWorkerMessage})),
	}
	if !r.quiet { // stdout is for results
		h.forWorkers = output.NewQueue(r.Err.Detach().OutputWriter())
		config.Stdout, config.Stderr = h.forWorkers, h.forWorkers
	}
	in, err := initiator.New(config)
	if err != nil {
		h.closeOutput()
		_ = os.RemoveAll(state)
		return nil, err
	}
	h.in = in
	for _, s := range in.Plan().Workers {
		if !s.Autostart {
			h.manualStart = append(h.manualStart, s.Name)
		}
	}
	return h, nil
}

// startTries limits the failed starts of a worker while a person waits for it.
// A startretries in the INI takes precedence.
const startTries = 3

// isWorkerMessage selects the log lines about workers, which the verbs print in
// another form.
func isWorkerMessage(_ hclog.Level, msg string, _ ...any) bool {
	return strings.HasPrefix(msg, "worker ")
}

// poolOf returns the pool of "POOL" or "POOL.METHOD".
func poolOf(p *plan.Plan, target string) (string, error) {
	var names []string
	for _, s := range p.Workers {
		if s.Protocol != "none" {
			names = append(names, s.Name)
		}
	}
	pool, _, ok := task.SplitMethod(target, func(name string) bool { return slices.Contains(names, name) })
	if ok {
		return pool, nil
	}
	if _, ok := p.FindSpec(target); ok {
		return "", cli.NewFault(cli.ExitNotFound, fmt.Errorf("[worker:%s] of %s takes no tasks: it has contract = off, or protocol = none", target, p.File), suggestPool(target, names))
	}
	return "", cli.NewFault(cli.ExitNotFound, fmt.Errorf("there is no pool %q in %s", target, p.File), suggestPool(target, names))
}

// suggestPool returns the next step after an unknown pool.
func suggestPool(target string, names []string) string {
	if len(names) == 0 {
		return "the INI defines no worker that takes tasks: write a [worker:NAME] with contract = on"
	}
	return spelling.Suggest(target, names)
}
