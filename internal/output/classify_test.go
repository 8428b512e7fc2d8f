package output

import (
	"fmt"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		text    string
		level   hclog.Level
		message string
		module  string
		args    string
	}{
		{`{"@level":"info","@message":"listening","@module":"job.sum","@timestamp":"2030-01-01T00:00:00Z","address":"127.0.0.1:1"}`, hclog.Info, "listening", "job.sum", "[address 127.0.0.1:1]"},
		{`{"@level":"error","@message":"","@timestamp":"x"}`, hclog.Error, "", "", "[]"},
		{`{"@level":"WARN","@message":"m","b":[1,{"c":null}],"a":12345678901234567890}`, hclog.Warn, "m", "", "[a 12345678901234567890 b [1 map[c:<nil>]]]"},
		{`{"@message":"m","@level":"trace","@caller":"x.go:1"}`, hclog.Trace, "m", "", "[@caller x.go:1]"},
		{`{"@level":"off","@message":"m"}`, hclog.NoLevel, `{"@level":"off","@message":"m"}`, "", "[]"},
		{`{"@level":"loud","@message":"m"}`, hclog.NoLevel, `{"@level":"loud","@message":"m"}`, "", "[]"},
		{`{"@level":"info"}`, hclog.NoLevel, `{"@level":"info"}`, "", "[]"},
		{`{"@level":"info","@message":1}`, hclog.NoLevel, `{"@level":"info","@message":1}`, "", "[]"},
		{`{"@level":"info","@message":"m"} and more`, hclog.NoLevel, `{"@level":"info","@message":"m"} and more`, "", "[]"},
		{`{"@level":"info","@message":"m"`, hclog.NoLevel, `{"@level":"info","@message":"m"`, "", "[]"},
		{`{"level":"info","msg":"another library's"}`, hclog.NoLevel, `{"level":"info","msg":"another library's"}`, "", "[]"},
		{` {"@level":"info","@message":"m"}`, hclog.NoLevel, ` {"@level":"info","@message":"m"}`, "", "[]"},
		{`plain`, hclog.NoLevel, "plain", "", "[]"},
		{``, hclog.NoLevel, "", "", "[]"},
	}
	for _, tt := range tests {
		l := ClassifyLine(tt.text)
		if l.Level != tt.level || l.Message != tt.message || l.Module != tt.module || fmt.Sprint(l.Args) != tt.args {
			t.Errorf("%s\nis %+v", tt.text, l)
		}
	}
}

// FuzzClassify: whatever a worker writes, nothing of a plain line is lost, and
// arguments come in pairs.
func FuzzClassify(f *testing.F) {
	for _, seed := range []string{"", "plain", `{"@level":"info","@message":"m","a":1}`, `{"@level":[],"@message":{}}`, "{\"@level\":\"\xff\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := ClassifyLine(text)
		if !l.HasLevel() && l.Message != text || len(l.Args)%2 != 0 {
			t.Errorf("%q is %+v", text, l)
		}
	})
}
