package worker

import (
	"mime"
	"strings"

	"initiator/worker/call"
)

// findCodec returns the codec of a content type. No content type stands for
// JSON, because Python's client sends none. The result is nil for a content
// type that this worker does not support.
func findCodec(contentType string, more []call.Codec) call.Codec {
	if contentType == "" {
		return call.JSON
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	if kind == call.JSON.MIME() || strings.HasSuffix(kind, "+json") {
		return call.JSON
	}
	for _, c := range more {
		if strings.EqualFold(kind, c.MIME()) {
			return c
		}
	}
	return nil
}
