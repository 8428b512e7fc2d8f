package worker

import (
	"encoding/json"
	"mime"
	"strings"
)

// Codec is how the bodies of direct calls are written. A worker speaks JSON
// and whatever is in [Options].Codecs; a [Pool] speaks one. Methods may be
// called from many goroutines.
type Codec interface {
	// MIME is the content type, such as application/json.
	MIME() string
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
}

// JSON is the codec that every worker speaks.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

// MIME implements Codec.
func (jsonCodec) MIME() string { return "application/json" }

// Marshal implements Codec.
func (jsonCodec) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal implements Codec.
func (jsonCodec) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// codecFor finds the codec of a content type; none at all is JSON, as Python's
// client sends it. Nil means that nobody here speaks it.
func codecFor(contentType string, more []Codec) Codec {
	if contentType == "" {
		return JSON
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil
	}
	if kind == JSON.MIME() || strings.HasSuffix(kind, "+json") {
		return JSON
	}
	for _, c := range more {
		if strings.EqualFold(kind, c.MIME()) {
			return c
		}
	}
	return nil
}
