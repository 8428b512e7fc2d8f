package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// cancelWithin limits the last request about a task that is given up.
const cancelWithin = 2 * time.Second

// abandonTask cancels a task whose result would be lost, so that no worker
// has to finish it before it can stop. In a running initiator a task with a key
// may have another submitter: it is not cancelled. why is the end of the wait;
// the returned error adds what was done with the task.
func (r *runner) abandonTask(t task.Task, why error) error {
	over := errors.Is(why, errWaitOver)
	switch {
	case t.Key == "" || r.temporary:
	case over:
		return explainWaitOver(r.client, t.ID, why, "was not cancelled, because it has a key")
	default:
		r.printNote("the task keeps running: initiator task wait %s", t.ID)
		return why
	}
	was := ""
	if over {
		was = stateText(r.client, t.ID)
	}
	end := r.cancelTask(t.ID)
	switch {
	case over && was != "":
		return cli.NewFault(cli.ExitTimeout, fmt.Errorf("%w: it was %s; it %s", why, was, end), end.nextStep(t.ID))
	case over:
		return cli.NewFault(cli.ExitTimeout, fmt.Errorf("%w; it %s", why, end), end.nextStep(t.ID))
	case end == mayStillRun:
		r.printNote("the task may still run: initiator task get %s", t.ID)
	}
	return why
}

// cancelResult says what the cancel of a task has achieved, as the end of a
// sentence about the task.
type cancelResult string

// The results of a cancel.
const (
	wasCancelled    cancelResult = "has been cancelled"
	beingCancelled  cancelResult = "is being cancelled"
	endedBefore     cancelResult = "ended before it could be cancelled"
	neverSubmitted  cancelResult = "has not been submitted"
	mayStillRun     cancelResult = "could not be cancelled and may still run"
	endsWithWorkers cancelResult = "ends with the workers"
)

// cancelTask cancels a task. The tasks of a temporary initiator end with it in
// any case.
func (r *runner) cancelTask(id uuid.UUID) cancelResult {
	ctx, stop := context.WithTimeout(context.Background(), cancelWithin)
	defer stop()
	t, err := r.client.Cancel(ctx, id)
	switch {
	case err == nil && t.State.Terminal():
		return wasCancelled
	case errors.Is(err, &client.Error{Status: http.StatusConflict}):
		return endedBefore
	case errors.Is(err, &client.Error{Status: http.StatusNotFound}):
		return neverSubmitted
	case r.temporary:
		return endsWithWorkers
	case err == nil:
		return beingCancelled
	}
	return mayStillRun
}

// nextStep returns how to learn more about a task after its cancel; "" = there is
// no more to learn.
func (c cancelResult) nextStep(id uuid.UUID) string {
	switch c {
	case endedBefore:
		return fmt.Sprintf("`initiator task get %s` shows its result", id)
	case beingCancelled:
		return fmt.Sprintf("`initiator task wait %s` waits for its end", id)
	case mayStillRun:
		return waitOrCancelAdvice(id)
	}
	return ""
}
