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
	"initiator/initiator"
	"initiator/initiator/client"
	"initiator/initiator/task"
	"initiator/internal/plan"
)

// temporaryInitiator is an initiator in this process, for one task.
type temporaryInitiator struct {
	in          *initiator.Initiator
	state       string   // its directory, removed in the end
	manualStart []string // definitions without autostart: here they are wanted
}

// runDuring runs the initiator for as long as do takes, and leaves nothing behind.
func (h *temporaryInitiator) runDuring(ctx context.Context, r *runner, do func(context.Context) error) error {
	defer func() { _ = os.RemoveAll(h.state) }()
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

// runWhenListening does it as soon as the API answers.
func (h *temporaryInitiator) runWhenListening(ctx context.Context, r *runner, do func(context.Context) error) error {
	select {
	case <-h.in.Listening():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	r.client = client.Unix(h.in.Socket())
	defer r.client.Close()
	if len(h.manualStart) > 0 {
		started := make(chan struct{})
		starting, stop := context.WithCancel(ctx)
		go func() {
			defer close(started)
			_, _ = r.client.Start(starting, h.manualStart...) // the watcher sees what becomes of them
		}()
		defer func() { stop(); <-started }()
	}
	return do(ctx)
}

// waitForEnd waits until all is stopped. A signal meanwhile ends the waiting.
func (h *temporaryInitiator) waitForEnd(r *runner, ran <-chan error) error {
	slow := time.NewTimer(progressInterval)
	defer slow.Stop()
	for {
		select {
		case <-slow.C:
			r.printNote("waits until the workers have stopped; Ctrl-C kills them at once")
		case err := <-ran:
			return err
		case s := <-r.laterSignals:
			r.printNote("kills what is left (%s)", cli.Interrupted{Signal: s})
			h.in.Kill()
		}
	}
}

// newTemporaryInitiator makes the initiator. Nothing is started yet.
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
	in, err := initiator.New(initiator.Config{
		Plan: withStartTries(p), StateDir: state, Only: []string{pool}, Volatile: true,
		Logger: hclog.New(&hclog.LoggerOptions{Name: "initiator", Level: hclog.Error, Output: r.Err, Exclude: isWorkerMessage}),
	})
	if err != nil {
		_ = os.RemoveAll(state)
		return nil, err
	}
	h := &temporaryInitiator{in: in, state: state}
	for _, s := range in.Plan().Workers {
		if !s.Autostart {
			h.manualStart = append(h.manualStart, s.Name)
		}
	}
	return h, nil
}

// startTries is how often a worker may die before it is ready, where somebody
// sits and waits for it. An INI that says startretries is obeyed.
const startTries = 3

// withStartTries is the plan with that bound.
func withStartTries(p *plan.Plan) *plan.Plan {
	copied := *p
	copied.Workers = slices.Clone(p.Workers)
	for i := range copied.Workers {
		if r := &copied.Workers[i].Restart; r.Retries == 0 {
			r.Retries = startTries
		}
	}
	return &copied
}

// isWorkerMessage leaves out of the log what the verbs tell in their own way.
func isWorkerMessage(_ hclog.Level, msg string, _ ...any) bool {
	return strings.HasPrefix(msg, "worker ")
}

// poolOf finds the pool of "POOL" or "POOL.METHOD".
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
		return "", cli.NewFault(cli.ExitNotFound, fmt.Errorf("[worker:%s] of %s takes no tasks: it has contract = off, or protocol = none", target, p.File), cli.SuggestName(target, names))
	}
	return "", cli.NewFault(cli.ExitNotFound, fmt.Errorf("there is no pool %q in %s", target, p.File), cli.SuggestName(target, names))
}
