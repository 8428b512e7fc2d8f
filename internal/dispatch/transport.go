package dispatch

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// transport is one way to reach a worker: webhooks, or the stream of a worker
// that has one. The loop calls it, so its methods must not wait. The result of
// an attempt reaches the loop as a message.
type transport interface {
	// sendTask sends an attempt to the worker. It returns false, without any
	// effect, when this transport cannot carry the attempt.
	sendTask(r *attempt) bool
	// sendCancel asks the worker to stop an attempt, if the transport can do so
	// before the next heartbeat. A repetition is harmless.
	sendCancel(task uuid.UUID, attempt int)
	// sendNotice tells the worker that it will be stopped, if the transport can
	// do so before the next heartbeat. A repetition is harmless.
	sendNotice()
}

// transportResult is what a transport learned about an attempt that it was
// given. Every transport reports in this form, so the loop handles an attempt
// in the same way whichever transport carried it.
type transportResult struct {
	status  deliveryStatus
	outcome queue.AttemptOutcome // with attemptEnded
	refusal refusal              // with attemptRefused
	err     error                // with attemptLost and leaseNotStored
}

// deliveryStatus is the kind of a transportResult.
type deliveryStatus int

const (
	// attemptAccepted: the worker has the task. Its outcome follows as a
	// separate request of the worker.
	attemptAccepted deliveryStatus = iota
	// attemptEnded: the worker ran the task, and this is its outcome.
	attemptEnded
	// attemptRefused: the worker did not take the task.
	attemptRefused
	// attemptLost: there was no answer, or none that makes sense. The worker
	// may have run the task.
	attemptLost
	// leaseNotStored: the attempt was never sent, because the queue could not
	// store its lease.
	leaseNotStored
)

// refusal is the reason for which a worker did not take a task.
type refusal struct {
	code       int // one of proactor's codes
	message    string
	retryAfter time.Duration // 0 = the worker named none
	repeated   bool          // the worker may have taken the task when it was sent before
}

// hasCode reports whether the refusal carries that code.
func (r refusal) hasCode(c webhook.Code) bool { return r.code == c.Number }

// String returns the code and the message.
func (r refusal) String() string { return fmt.Sprintf("code %d: %s", r.code, r.message) }
