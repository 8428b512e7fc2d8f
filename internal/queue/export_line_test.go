package queue

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzExportLine: a line that import accepts is exported in the same way again,
// so no member is lost on the way through another queue.
func FuzzExportLine(f *testing.F) {
	for _, line := range []string{
		`{}`, `null`, `[]`, `{"id":"0191d7a0-0000-7000-8000-000000000000","pool":"p","state":"queued","data":{"a":[1,2]}}`,
		`{"id":"x"}`, `{"pool":"p","unknown":1}`, `{"data":1e400}`, `{"attempts":[{"n":1}]}`, "{\"pool\":\"\xff\"}",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		parsed, err := ParseExportLine(line)
		if err != nil {
			return
		}
		first, err := json.Marshal(parsed)
		if err != nil {
			return // a time beyond the years that JSON has; the import refuses the task by its checks
		}
		again, err := ParseExportLine(first)
		if err != nil {
			t.Fatalf("%s\nwas accepted, and not as it is exported: %s\n%v", line, first, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("exported as\n%s\nand then as\n%s\n%v", first, second, err)
		}
	})
}
