package jobs

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"initiator/internal/bounds"
	"initiator/worker"
)

// stdinOf returns the standard input of a process for a task's data: the JSON
// as it is. A string that is a data URL in base64 is decoded, because JSON has
// no other way to carry an image.
func stdinOf(data json.RawMessage) []byte {
	var text string
	if !bytes.HasPrefix(data, []byte(`"data:`)) || json.Unmarshal(data, &text) != nil {
		return data
	}
	head, body, ok := strings.Cut(text, ",")
	if !ok || !strings.HasSuffix(head, ";base64") {
		return data
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return data
	}
	return raw
}

// resultOf makes a task's result from the output of a process: JSON as it is,
// other text as a JSON string without the last line end, and any other bytes
// as a data URL in base64, which stdinOf and every browser can read.
func resultOf(out []byte) json.RawMessage {
	trimmed := bytes.TrimSpace(out)
	switch {
	case !utf8.Valid(out):
		kind, _, _ := strings.Cut(http.DetectContentType(out), ";")
		return quoteText("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(out))
	case json.Valid(trimmed):
		return trimmed
	}
	return quoteText(strings.TrimSuffix(string(out), "\n"))
}

// checkedResult is resultOf, or a failure when the result would be too long or is
// nested too deep: the characters of some output take more bytes as JSON.
func checkedResult(out []byte) (json.RawMessage, error) {
	if trimmed := bytes.TrimSpace(out); isNested(trimmed) {
		if err := bounds.CheckNesting(trimmed); err != nil {
			return nil, worker.TaskFail{Data: map[string]any{"message": "its output cannot be the result: " + err.Error()}}
		}
	}
	if length := quotedLength(out); length > bounds.Result && utf8.Valid(out) && !json.Valid(out) {
		return nil, worker.TaskFail{Data: map[string]any{
			"message": fmt.Sprintf("its output has %d MiB as JSON, and a result may have %d MiB; write a file and answer its name", (length+1<<20-1)>>20, bounds.ResultBody>>20),
		}}
	}
	return resultOf(out), nil
}

// isNested reports whether out may be an array or an object of JSON. Other text
// becomes a string, whatever brackets it has.
func isNested(out []byte) bool {
	return len(out) > 1 && (out[0] == '[' && out[len(out)-1] == ']' || out[0] == '{' && out[len(out)-1] == '}')
}

// quotedLength returns at most how long out is as a JSON string, in bytes.
func quotedLength(out []byte) int {
	length := len(out) + len(`""`)
	for _, c := range out {
		switch {
		case c == '"', c == '\\', c == '\n':
			length++
		case c < ' ', c == 0xE2: // \u0000, and U+2028 as \u2028
			length += 5
		}
	}
	return length
}

// quoteText returns s as a JSON string that keeps <, > and & as they are.
func quoteText(s string) json.RawMessage {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
