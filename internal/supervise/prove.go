package supervise

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
	"initiator/internal/probe"
	"initiator/internal/webhook"
)

// proofTimeout is the timeout of one question to a worker whose keeper was
// killed.
const proofTimeout = 2 * time.Second

// ProveWorkers checks, for all workers at the same time, that the process of a
// worker's snapshot is the worker, and logs each process that does not prove it.
// The keeper adopts a worker by its order, which has the same place in the
// result. Without proof the order names no process: the keeper then reports an
// exit that no keeper has seen, and the process is left alone.
func ProveWorkers(list []keeper.KeptWorker, log hclog.Logger) []keeper.AdoptOrder {
	orders := make([]keeper.AdoptOrder, len(list))
	var group sync.WaitGroup
	for i, h := range list {
		group.Go(func() {
			order, err := proveWorker(context.Background(), h) // it has a timeout of its own
			if err != nil && h.PID != 0 {
				log.Warn("a worker that has outlived its keeper is not adopted; its process was not signalled", "worker", keptName(h), "guid", h.GUID, "pid", h.PID, "reason", err)
			}
			orders[i] = order
		})
	}
	group.Wait()
	return orders
}

// proveWorker checks that the process of a snapshot is the worker. The process
// must have the recorded start time, which together with its number never names
// another process. A worker that answers /ping must know its token, too.
// proveWorker sends no signal.
//
// The order is of use together with an error, too: it then names no process,
// and a keeper that adopts it reports an exit that no keeper has seen.
func proveWorker(ctx context.Context, h keeper.KeptWorker) (keeper.AdoptOrder, error) {
	order := keeper.AdoptOrder{GUID: h.GUID, Incarnation: h.Incarnation, Keep: true}
	m, err := decodeSnapshot(h.Snapshot)
	if err != nil {
		return order, err
	}
	order.Incarnation = m.Record.Incarnation
	order.CgroupDir, order.Stdout, order.Stderr, order.RedirectStderr = m.Logs.Cgroup, m.Logs.Stdout, m.Logs.Stderr, m.Logs.Redirect
	order.Tag, order.Escaped = keeper.ProcessTag(m.Mark, h.GUID, order.Incarnation), m.Escaped
	order.FollowMain, order.FirstStart = m.FollowMain, m.FirstStart
	if m.Port != nil && m.Port.Mode == "inherit" {
		order.Listening = 3
	}
	if err := m.proveProcess(ctx, h); err != nil {
		return order, err
	}
	order.PID, order.StartTime = h.PID, h.StartTime
	return order, nil
}

func (m *snapshot) proveProcess(ctx context.Context, h keeper.KeptWorker) error {
	start, ok := processStart(h.PID)
	switch {
	case h.PID == 0 || !ok:
		return errors.New("it has ended")
	case start != h.StartTime:
		return fmt.Errorf("pid %d is another process now: it has ended", h.PID)
	case !m.Proof.Ping:
		return nil
	}
	t := probe.Target{
		GUID: h.GUID, Incarnation: m.Record.Incarnation, Kind: "webhook", Timeout: proofTimeout,
		Addr: m.Proof.Addr, Channel: m.Proof.Channel, Token: m.Token,
	}
	if m.Token == "" {
		t.Token = webhook.NewToken() // no process knows it
	}
	if err := probe.CheckOnce(ctx, t); err != nil {
		return fmt.Errorf("pid %d does not prove that it is the worker: %w; look at the process, and kill it if it is not needed", h.PID, err)
	}
	return nil
}

// keptName returns the name of a kept worker; "" when its snapshot is not readable.
func keptName(h keeper.KeptWorker) string {
	m, err := decodeSnapshot(h.Snapshot)
	if err != nil || m.Record.Spec == nil {
		return ""
	}
	return m.Record.Spec.Name
}
