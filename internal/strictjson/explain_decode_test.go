package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestExplainDecode(t *testing.T) {
	type inner struct {
		N int `json:"n"`
	}
	type accident struct {
		How    string          `json:"how"`
		Count  uint8           `json:"count"`
		Ratio  float64         `json:"ratio"`
		Sure   bool            `json:"sure"`
		List   []inner         `json:"list"`
		Number json.Number     `json:"number"`
		Map    map[string]int  `json:"map"`
		Other  *inner          `json:"other"`
		Any    json.RawMessage `json:"any"`
	}
	for data, want := range map[string]string{
		`1`:                   `an object is expected, not a number`,
		`[1]`:                 `an object is expected, not a list`,
		`"x"`:                 `an object is expected, not a text`,
		`true`:                `an object is expected, not true or false`,
		`{"how":1}`:           `"how" must be a text, not a number`,
		`{"how":{}}`:          `"how" must be a text, not an object`,
		`{"count":300}`:       `"count" must be a whole number from 0 on, not 300, which is too large or has a fraction`,
		`{"ratio":"x"}`:       `"ratio" must be a number, not a text`,
		`{"sure":"yes"}`:      `"sure" must be true or false, not a text`,
		`{"list":{}}`:         `"list" must be a list, not an object`,
		`{"other":7}`:         `"other" must be an object, not a number`,
		`{"map":[]}`:          `"map" must be an object, not a list`,
		`{"number":"q"}`:      `"q" is not a number`,
		`{"number":true}`:     `"number" must be a number, not true or false`,
		`{"strange":1}`:       `unknown member "strange"`,
		`{"other":{"n":1.5}}`: `"other.n" must be a whole number, not 1.5, which is too large or has a fraction`,
		`{bad`:                `invalid character 'b' looking for beginning of object key string at byte 2`,
	} {
		var into accident
		read := json.NewDecoder(bytes.NewReader([]byte(data)))
		read.DisallowUnknownFields()
		err := ExplainDecode(read.Decode(&into))
		if err == nil {
			t.Errorf("%s: no error", data)
			continue
		}
		if err.Error() != want {
			t.Errorf("%s: %s, want %s", data, err, want)
		}
		if strings.Contains(err.Error(), "json:") || strings.Contains(err.Error(), "strictjson.") {
			t.Errorf("%s: %s names a type of Go", data, err)
		}
		var explained *DecodeError
		if !errors.As(err, &explained) || errors.Unwrap(explained) == nil {
			t.Errorf("%s: %#v is no DecodeError with its cause", data, err)
		}
	}
	if err := ExplainDecode(nil); err != nil {
		t.Error(err)
	}
	if err := ExplainDecode(io.ErrUnexpectedEOF); !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != io.ErrUnexpectedEOF.Error() {
		t.Error(err)
	}
}
