package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// DecodeError is an error of encoding/json in words for the sender of the data,
// who does not know the types of the program that reads it.
type DecodeError struct {
	Problem string // a sentence without its full stop
	Err     error  // the error of encoding/json
}

// Error returns the problem.
func (e *DecodeError) Error() string { return e.Problem }

// Unwrap returns the error of encoding/json.
func (e *DecodeError) Unwrap() error { return e.Err }

// ExplainDecode returns a *DecodeError for an error of json.Unmarshal or of a
// json.Decoder. It returns nil for nil, and an error as it is that encoding/json
// did not make, such as the error of an UnmarshalJSON method.
func ExplainDecode(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return &DecodeError{explainType(kind), err}
	case errors.As(err, &syntax):
		return &DecodeError{explainSyntax(syntax), err}
	case err == nil || !strings.HasPrefix(err.Error(), "json: "):
		return err
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if name, ok := strings.CutPrefix(text, "unknown field "); ok {
		text = "unknown member " + name
	}
	if value, ok := strings.CutPrefix(text, "invalid number literal, trying to unmarshal "); ok {
		text = unquoteNumber(value) + " is not a number"
	}
	return &DecodeError{text, err}
}

// explainSyntax says where a text stops being JSON, unless it only ends too soon.
func explainSyntax(e *json.SyntaxError) string {
	if strings.HasPrefix(e.Error(), "unexpected end") {
		return e.Error()
	}
	return fmt.Sprintf("%v at byte %d", e, e.Offset)
}

// explainType says which value a member should have, and which it has.
func explainType(e *json.UnmarshalTypeError) string {
	given := e.Value
	if digits, ok := strings.CutPrefix(given, "number "); ok {
		given = digits + ", which is too large or has a fraction"
	} else {
		given = nameValue(given)
	}
	wanted := nameType(e.Type)
	if e.Field == "" {
		return fmt.Sprintf("%s is expected, not %s", wanted, given)
	}
	return fmt.Sprintf("%q must be %s, not %s", e.Field, wanted, given)
}

// nameValue returns the name of a kind of JSON value, with its article.
func nameValue(kind string) string {
	switch kind {
	case "object":
		return "an object"
	case "array":
		return "a list"
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	}
	return "a " + kind
}

// nameType returns the name of the JSON value that a type is read from, with its
// article.
func nameType(t reflect.Type) string {
	if t == reflect.TypeFor[json.Number]() {
		return "a number"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nameType(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 on"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "another value"
}

// unquoteNumber removes the Go quotation marks around a JSON value.
func unquoteNumber(value string) string {
	value = strings.TrimSuffix(value, " into Number")
	var plain string
	if json.Unmarshal([]byte(value), &plain) == nil {
		return plain
	}
	return value
}
