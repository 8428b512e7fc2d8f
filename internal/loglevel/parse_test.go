package loglevel

import (
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
)

// lines are lines as the libraries write them with their usual settings.
var lines = []struct {
	library string
	format  string
	level   hclog.Level
	line    string
}{
	{"hclog", JSON, hclog.Info, `{"@level":"info","@message":"listening","@module":"job.sum","@timestamp":"2026-11-30T22:00:00.000000Z","address":"127.0.0.1:1"}`},
	{"hclog", JSON, hclog.Trace, `{"@caller":"x.go:1","@level":"trace","@message":"m","@timestamp":"2026-11-30T22:00:00.000000Z"}`},
	{"hclog", JSON, hclog.NoLevel, `{"@level":"off","@message":"m"}`},
	{"hclog text", Console, hclog.Warn, `2026-11-30T22:00:00.000Z [WARN]  job.sum: slow: took=3s`},
	{"hclog text", Console, hclog.Error, `2026-11-30T22:00:00.000+0100 [ERROR] job: "quoted"`},
	{"slog JSON", JSON, hclog.Info, `{"time":"2026-11-30T22:00:00.123456789+01:00","level":"INFO","msg":"hello","count":3}`},
	{"slog JSON", JSON, hclog.Warn, `{"time":"2026-11-30T22:00:00Z","level":"WARN","source":{"function":"main.main","file":"/x/main.go","line":9},"msg":"a \"quoted\" }"}`},
	{"slog JSON", JSON, hclog.Trace, `{"time":"2026-11-30T22:00:00Z","level":"DEBUG-4","msg":"m"}`},
	{"slog JSON", JSON, hclog.Info, `{"time":"2026-11-30T22:00:00Z","level":"INFO+2","msg":"m"}`},
	{"slog JSON", JSON, hclog.Error, `{"time":"2026-11-30T22:00:00Z","level":"ERROR+4","msg":"m"}`},
	{"slog JSON", JSON, hclog.Debug, `{"time":"2026-11-30T22:00:00Z","level":"INFO-1","msg":"m"}`},
	{"slog text", Logfmt, hclog.Error, `time=2026-11-30T22:00:00.000+01:00 level=ERROR msg="it failed" err="open x: no such file or directory"`},
	{"slog text", Logfmt, hclog.Debug, `time=2026-11-30T22:00:00.000Z level=DEBUG source=/x/main.go:9 msg=m`},
	{"slog without a handler", Console, hclog.Warn, `2026/11/30 22:00:00 WARN hello count=3`},
	{"slog without a handler", Console, hclog.Info, `2026/11/30 22:00:00 INFO+1 hello`},
	{"zap JSON", JSON, hclog.Info, `{"level":"info","ts":1796076000.123456,"caller":"x/main.go:9","msg":"hello","level":"error"}`},
	{"zap JSON", JSON, hclog.Error, `{"level":"dpanic","ts":1796076000.1,"logger":"a.b","caller":"x/main.go:9","msg":"m","stacktrace":"main.main\n\t/x/main.go:9"}`},
	{"zap console", Console, hclog.Debug, "2026-11-30T22:00:00.123+0100\tDEBUG\tx/main.go:9\thello\t{\"count\": 3}"},
	{"zap console", Console, hclog.Error, "1.796076000123456e+09\terror\tx/main.go:9\tit failed"},
	{"zap console in colour", Console, hclog.Warn, "2026-11-30T22:00:00.123+0100\t\x1b[33mWARN\x1b[0m\tx/main.go:9\tslow"},
	{"zerolog", JSON, hclog.Warn, `{"level":"warn","time":"2026-11-30T22:00:00Z","message":"slow"}`},
	{"zerolog", JSON, hclog.Error, `{"level":"fatal","error":"boom","time":1796076000,"message":"m"}`},
	{"zerolog", JSON, hclog.NoLevel, `{"time":"2026-11-30T22:00:00Z","message":"Log() has no level"}`},
	{"zerolog console", Console, hclog.Info, "\x1b[90m10:00PM\x1b[0m \x1b[32mINF\x1b[0m hello \x1b[36mcount=\x1b[0m3"},
	{"zerolog console", Console, hclog.Error, `10:00PM FTL it ended`},
	{"logrus JSON", JSON, hclog.Warn, `{"count":3,"level":"warning","msg":"slow","time":"2026-11-30T22:00:00Z"}`},
	{"logrus JSON", JSON, hclog.Error, `{"level":"panic","msg":"m","nested":{"level":"info"},"time":"2026-11-30T22:00:00Z"}`},
	{"logrus JSON", JSON, hclog.Debug, `{"a":{"level":"error","b":["}","\"",{}]},"level":"debug","msg":"m"}`},
	{"logrus text", Logfmt, hclog.Warn, `time="2026-11-30T22:00:00Z" level=warning msg="a \"quoted\" level=info" count=3`},
	{"pino", JSON, hclog.Info, `{"level":30,"time":1796076000123,"pid":657,"hostname":"h","msg":"hello"}`},
	{"pino", JSON, hclog.Trace, `{"level":10,"time":1796076000123,"pid":657,"hostname":"h","msg":"m"}`},
	{"pino", JSON, hclog.Warn, `{"level":45,"time":1796076000123,"pid":657,"hostname":"h","msg":"a level of its own"}`},
	{"pino", JSON, hclog.Error, `{"level":60,"time":1796076000123,"pid":657,"hostname":"h","err":{"type":"Error","stack":"Error: x\n    at y"},"msg":"x"}`},
	{"python-json-logger", JSON, hclog.Warn, `{"asctime": "2026-11-30 22:00:00,123", "levelname": "WARNING", "name": "root", "message": "slow"}`},
	{"python-json-logger", JSON, hclog.Error, `{"message": "it failed", "levelname": "CRITICAL", "exc_info": "Traceback (most recent call last):\n"}`},
	{"Python's logging with a time", Console, hclog.Info, `2026-11-30 22:00:00,123 INFO root: hello`},
	{"Elastic's ECS", JSON, hclog.Error, `{"@timestamp":"2026-11-30T22:00:00.123Z","log.level":"error","message":"m"}`},
	{"Google's severity", JSON, hclog.Info, `{"severity":"NOTICE","message":"m","timestamp":{"seconds":1796076000,"nanos":0}}`},

	{"text", Auto, hclog.NoLevel, `plain`},
	{"text", Auto, hclog.NoLevel, ``},
	{"text", Auto, hclog.NoLevel, `error: no such file`},
	{"text", Auto, hclog.NoLevel, `usage: prog level=info`},
	{"text", Auto, hclog.NoLevel, `2026 error reports were sent`},
	{"text", Auto, hclog.NoLevel, "\x1b[31mred\x1b[0m"},
	{"text", Auto, hclog.NoLevel, "\x1b["},
	{"data", Auto, hclog.NoLevel, `{"level":3,"name":"a floor"}`},
	{"data", Auto, hclog.NoLevel, `{"level":"ground","name":"a floor"}`},
	{"data", Auto, hclog.NoLevel, `{"level":{"a":1},"name":["level","error"]}`},
	{"data", Auto, hclog.NoLevel, `{`},
	{"data", Auto, hclog.NoLevel, `{"level`},
	{"data", Auto, hclog.NoLevel, `{"level":`},
	{"data", Auto, hclog.NoLevel, `{"a":[[[[`},
	{"data", Auto, hclog.NoLevel, `["level","error"]`},
	{"data", Auto, hclog.NoLevel, `level=3 msg=m`},
	{"data", Auto, hclog.NoLevel, `a="no end level=error`},
	{"bytes", Auto, hclog.Error, "{\"m\":\"\xff\xfe\",\"level\":\"error\"}\r"},
	{"a line end of Windows", Logfmt, hclog.Error, "msg=m level=error\r"},
	{"a line end of Windows", Auto, hclog.NoLevel, "\r"},
	{"a cut line", Auto, hclog.Error, `{"level":"error","msg":"the rest is not here`},
}

// TestParse: each line has its level in its own format and with auto, and in no
// other format.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, l := range lines {
		for _, format := range []string{Auto, None, JSON, Logfmt, Console, "", "unknown"} {
			want := hclog.NoLevel
			if format == Auto || format == l.format {
				want = l.level
			}
			if l.format == Auto && format != Auto {
				continue // the formats overlap nowhere else
			}
			if got, ok := Parse(format, l.line); got != want || ok != (want != hclog.NoLevel) {
				t.Errorf("%s, log_parse = %s: %v, %v, want %v\n%s", l.library, format, got, ok, want, l.line)
			}
		}
	}
}

// TestParseIsBounded: only the beginning of a line is examined, and nothing is
// allocated.
func TestParseIsBounded(t *testing.T) {
	for _, l := range []string{
		`{"a":"` + strings.Repeat("x", bounds.LogLevel) + `","level":"error"}`,
		strings.Repeat("a=b ", bounds.LogLevel/4) + "level=error",
		"{" + strings.Repeat(`"a":[`, bounds.LogLevel),
	} {
		if level, ok := Parse(Auto, l); ok {
			t.Errorf("%.20s…: %v", l, level)
		}
	}
	for _, l := range lines {
		if n := testing.AllocsPerRun(10, func() { _, _ = Parse(Auto, l.line) }); n > 1 {
			t.Errorf("%v allocations for\n%s", n, l.line)
		}
	}
}

// FuzzParse: no line breaks the parser, and the level depends on the examined bytes
// alone.
func FuzzParse(f *testing.F) {
	for _, l := range lines {
		f.Add(l.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, format := range []string{Auto, JSON, Logfmt, Console} {
			level, ok := Parse(format, line)
			if ok != (level != hclog.NoLevel) || level < hclog.NoLevel || level > hclog.Error {
				t.Errorf("%s: %v, %v for %q", format, level, ok, line)
			}
			if cut, _ := Parse(format, line[:min(len(line), bounds.LogLevel)]); cut != level {
				t.Errorf("%s: %v, and %v for the beginning of %q", format, level, cut, line)
			}
		}
		if level, ok := Parse(None, line); ok {
			t.Errorf("none: %v for %q", level, line)
		}
	})
}
