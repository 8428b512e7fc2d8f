package strictjson

import "encoding/json"

// EncodeData returns the data of a task as JSON. A json.RawMessage is JSON already.
func EncodeData(data any) (json.RawMessage, error) {
	if raw, ok := data.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(data)
}
