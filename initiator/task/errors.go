package task

import "errors"

var (
	// ErrInvalid is wrapped by every error about an invalid request.
	ErrInvalid = errors.New("invalid task")
	// ErrNotFound reports that the task never existed, or that it was dropped
	// after its retention.
	ErrNotFound = errors.New("no such task")
	// ErrConflict reports that the state of a task does not allow the request.
	ErrConflict = errors.New("not possible in this state")
	// ErrForbidden reports that the task is not open to the worker that asks for it.
	ErrForbidden = errors.New("not open to this worker")
	// ErrStorage reports that the initiator cannot store tasks now: the disk is
	// full, read-only or broken. The initiator tries again every second.
	ErrStorage = errors.New("tasks cannot be stored now; make room, or see to the disk of the state directory")
)
