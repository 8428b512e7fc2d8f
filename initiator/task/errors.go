package task

import "errors"

var (
	// ErrInvalid is wrapped by every error that says that a request is wrong
	// in itself.
	ErrInvalid = errors.New("invalid task")
	// ErrNotFound says that there is no such task, or that its retention is
	// over.
	ErrNotFound = errors.New("no such task")
	// ErrConflict says that the state of the task does not allow the request.
	ErrConflict = errors.New("not possible in this state")
	// ErrStorage says that nothing can be stored now: the disk is full,
	// read-only or broken. The initiator tries again every second.
	ErrStorage = errors.New("tasks cannot be stored now; make room, or see to the disk of the state directory")
)
