package webhook

import (
	"encoding/json"
	"strconv"

	"initiator/internal/jsonappend"
)

// marshalJSON returns v as JSON, and nil for nil. A json.RawMessage is returned
// as it is. The bodies that carry a payload are written by hand, so that the
// payload goes out byte for byte as it came: encoding/json would scan and
// compact it, and it may be megabytes long.
func marshalJSON(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return v, nil
	case ConnectBody:
		return appendConnectBody(nil, v), nil
	case DisconnectBody:
		return appendDisconnectBody(nil, v), nil
	case TaskBody:
		return appendTaskBody(nil, v), nil
	case ResultBody:
		return appendResultBody(nil, v), nil
	case TaskAnswer:
		return AppendTaskAnswer(nil, v), nil
	}
	return json.Marshal(v)
}

// appendConnectBody writes nil Data as {}, because a ding slave requires the
// member.
func appendConnectBody(b []byte, c ConnectBody) []byte {
	b = append(b, `{"master":{"address":`...)
	b = jsonappend.AppendString(b, c.Master.Address)
	b = append(b, `},"data":`...)
	return append(appendObject(b, c.Data), '}')
}

// appendDisconnectBody writes nil Data as {}.
func appendDisconnectBody(b []byte, d DisconnectBody) []byte {
	return append(appendObject(append(b, `{"data":`...), d.Data), '}')
}

// appendTaskBody writes nil Data as null. Data must be valid JSON.
func appendTaskBody(b []byte, t TaskBody) []byte {
	b = appendTaskRef(append(b, `{"task":`...), t.Task)
	return append(appendRaw(append(b, `,"data":`...), t.Data), '}')
}

func appendTaskRef(b []byte, t TaskRef) []byte {
	b = jsonappend.AppendString(append(b, `{"id":`...), t.ID)
	if t.Method != "" {
		b = jsonappend.AppendString(append(b, `,"method":`...), t.Method)
	}
	if t.Attempt != 0 {
		b = strconv.AppendInt(append(b, `,"attempt":`...), int64(t.Attempt), 10)
	}
	if !t.Deadline.IsZero() {
		// A deadline beyond the year 9999 has no RFC 3339 form and is left out.
		if with, err := t.Deadline.AppendText(append(b, `,"deadline":"`...)); err == nil {
			b = append(with, '"')
		}
	}
	if t.Traceparent != "" {
		b = jsonappend.AppendString(append(b, `,"traceparent":`...), t.Traceparent)
	}
	if t.InlineMS != 0 {
		b = strconv.AppendInt(append(b, `,"inline_ms":`...), int64(t.InlineMS), 10)
	}
	return append(b, '}')
}

func appendResultBody(b []byte, r ResultBody) []byte {
	b = appendTaskRef(append(b, `{"task":`...), r.Task)
	b = appendRaw(append(b, `,"result":`...), r.Result)
	if r.Code != 0 {
		b = strconv.AppendInt(append(b, `,"code":`...), int64(r.Code), 10)
	}
	return appendRetry(b, r.Retry)
}

// AppendTaskAnswer appends to b the data of an answer to POST /task/new that
// carries the task's outcome. A nil Result is written as null.
func AppendTaskAnswer(b []byte, t TaskAnswer) []byte {
	b = jsonappend.AppendString(append(b, `{"status":`...), t.Status)
	b = appendRaw(append(b, `,"result":`...), t.Result)
	return appendRetry(b, t.Retry)
}

func appendRetry(b []byte, retry bool) []byte {
	if retry {
		b = append(b, `,"retry":true`...)
	}
	return append(b, '}')
}

// appendEnvelope appends the envelope of an answer, with its data as it is.
func appendEnvelope(b []byte, c Code, message string, raw []byte) []byte {
	if b == nil {
		b = make([]byte, 0, len(raw)+len(message)+64)
	}
	b = append(b, `{"success":`...)
	b = strconv.AppendBool(b, c.OK())
	b = append(b, `,"code":`...)
	b = strconv.AppendInt(b, int64(c.Number), 10)
	b = append(b, `,"message":`...)
	b = jsonappend.AppendString(b, message)
	b = append(b, `,"data":`...)
	b = appendRaw(b, raw)
	return append(b, '}')
}

func appendObject(b, raw []byte) []byte {
	if len(raw) == 0 {
		return append(b, "{}"...)
	}
	return append(b, raw...)
}

func appendRaw(b, raw []byte) []byte {
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}
