package call

import "encoding/json"

// Codec serializes the bodies of direct calls. A pool uses one codec; a worker
// accepts JSON and each codec of worker.Options.Codecs. The methods may be
// called from any goroutine.
type Codec interface {
	// MIME returns the content type, such as application/json.
	MIME() string
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// JSON is the codec that every worker accepts.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

// MIME implements Codec.
func (jsonCodec) MIME() string { return "application/json" }

// Marshal implements Codec.
func (jsonCodec) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal implements Codec.
func (jsonCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
