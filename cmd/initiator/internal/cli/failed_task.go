package cli

import (
	"errors"

	"initiator/initiator/task"
)

// ShowFailure returns a record without the *task.FailedError beside it: the verb shows
// how the task ended.
func ShowFailure(t task.Task, err error) (task.Task, error) {
	if errors.As(err, new(*task.FailedError)) {
		return t, nil
	}
	return t, err
}
