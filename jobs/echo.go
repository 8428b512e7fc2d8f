package jobs

import (
	"context"
	"encoding/json"

	"initiator/worker"
)

// echo returns the data of the task byte for byte. HandleRaw is for jobs that
// do not look into their data, or decode it themselves.
var echo = worker.HandleRaw("echo", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
	return data, nil
})
