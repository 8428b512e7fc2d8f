package jobs

import (
	"context"
	"encoding/json"

	"initiator/worker"
)

// echo answers the data it is given, byte for byte. HandleRaw is for a job that
// need not look into its data, or wants to decode it in its own way.
var echo = worker.HandleRaw("echo", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
	return data, nil
})
