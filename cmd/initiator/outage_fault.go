package main

import (
	"fmt"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
)

// outageFault ends a verb that reads a task from each line because the initiator has
// not come back. last is the number of the last line that may have been submitted.
func outageFault(away *client.OutageError, pool string, last int, verb string) error {
	return cli.NewFault(
		cli.ExitInternal, away,
		fmt.Sprintf("no line after line %d was submitted: `tail -n +%d FILE | initiator %s %s -` goes on there", last, last+1, verb, pool),
	)
}
