package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"testing"

	"initiator/initiator/client"
)

// Each error of a verb that has begun has an exit code and, where there is one, a
// next step.
func TestExitCodesOfErrors(t *testing.T) {
	refused := func(status int) error { return fmt.Errorf("adder: %w", &client.Error{Status: status}) }
	for name, c := range map[string]struct {
		err  error
		code int
		next string
	}{
		"a fault":               {fmt.Errorf("adder: %w", NewFault(ExitRefused, errors.New("full"), "wait")), ExitRefused, "wait"},
		"a signal":              {Interrupted{syscall.SIGTERM}, ExitSignalBase + int(syscall.SIGTERM), ""},
		"the time is over":      {fmt.Errorf("adder: %w", context.DeadlineExceeded), ExitTimeout, ""},
		"the queue is full":     {refused(http.StatusTooManyRequests), ExitRefused, ""},
		"no such pool":          {refused(http.StatusNotFound), ExitNotFound, ""},
		"too large a request":   {refused(http.StatusRequestEntityTooLarge), ExitUsage, "a request may have 64 MiB: write the data to a file, and give the task its path"},
		"a bad request":         {refused(http.StatusBadRequest), ExitUsage, ""},
		"a request of nonsense": {refused(http.StatusUnprocessableEntity), ExitUsage, ""},
		"a fault of the server": {refused(http.StatusInternalServerError), ExitInternal, ""},
		"another error":         {errors.New("other"), ExitInternal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := (&App{Began: true}).Classify(nil, c.err)
			if got.Code != c.code || got.NextStep != c.next {
				t.Errorf("exit code %d and %q, want %d and %q", got.Code, got.NextStep, c.code, c.next)
			}
		})
	}
}
