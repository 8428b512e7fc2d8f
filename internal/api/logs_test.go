package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/apiheader"
	"initiator/internal/loglevel"
)

func TestLogQuery(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for query, want := range map[string]report.LogQuery{
		"":                            {},
		"stream=both&tail=3&follow=1": {Stream: "both", Tail: 3, Follow: true},
		"since=10m":                   {Since: now.Add(-10 * time.Minute)},
		"since=90":                    {Since: now.Add(-90 * time.Second)},
		"since=2030-01-01T11:00:00Z":  {Since: now.Add(-time.Hour)},
		"previous=1":                  {Previous: true},
	} {
		got, err := parseLogQuery(httptest.NewRequest("GET", "/?"+query, nil), now)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", query, got, err)
		}
	}
	for _, query := range []string{"stream=all", "tail=x", "tail=-1", "since=soon", "since=-5m", "previous=1&follow=1"} {
		if got, err := parseLogQuery(httptest.NewRequest("GET", "/?"+query, nil), now); err == nil {
			t.Errorf("%s: %+v", query, got)
		}
	}
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	writer := LogWriter{Name: "adder", Index: 2, GUID: "g", Stream: "stdout"}
	l := LogText{Writer: &writer, Text: []byte("text")}
	var text textLines
	if got := string(text.appendText(nil, l)); got != "text\n" {
		t.Error(got)
	}
	writer.Labelled = true
	if got := string(text.appendText(nil, l)); got != "adder:2 | text\n" {
		t.Error(got)
	}
	for _, l := range []LogText{
		l,
		{Writer: &LogWriter{}},
		{Writer: &writer, At: time.Date(2030, 1, 31, 12, 0, 0, 1000, time.FixedZone("", 3600)), Text: []byte("<é> \"\x00\xff")},
		{Writer: &writer, At: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)},
		{Writer: &writer, Partial: true},
		{Writer: &writer, Partial: true, Continued: true},
		{Writer: &LogWriter{Format: loglevel.Auto}, Text: []byte("level=warn"), Partial: true},
	} {
		want, err := json.Marshal(l.Copy())
		if got := string(appendJSON(nil, l)); err != nil || got != string(want)+"\n" {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
}

// The level stands behind the time of a line, and at its beginning alone.
func TestLogLineLevel(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
	auto := &LogWriter{Format: loglevel.Auto}
	for _, tt := range []struct {
		l    LogText
		want string
	}{
		{LogText{Writer: auto, Text: []byte("level=warn msg=m")}, "warn"},
		{LogText{Writer: auto, At: at, Text: []byte("2030-01-31T12:00:00Z level=warn msg=m"), Partial: true}, "warn"},
		{LogText{Writer: auto, At: at, Text: []byte("level=warn msg=m"), Continued: true}, ""},
		{LogText{Writer: auto, Text: []byte("text")}, ""},
		{LogText{Writer: &LogWriter{Format: loglevel.None}, Text: []byte("level=warn")}, ""},
		{LogText{Writer: &LogWriter{}, Text: []byte("level=warn")}, ""},
	} {
		if got := tt.l.Copy().Level; got != tt.want {
			t.Errorf("%+v: %q", tt.l, got)
		}
	}
}

// A log that cannot be read is named beside the lines of the others, also to a client
// that does not read trailers.
func TestUnreadableLog(t *testing.T) {
	t.Parallel()
	at := LogText{Writer: &LogWriter{Name: "web", Index: 1, GUID: "g", Stream: "stderr", Labelled: true}, Problem: errors.New("open x:\ntoo many links")}
	line := LogText{Writer: &LogWriter{Name: "db", Labelled: true}, Text: []byte("text")}
	read := func(_ context.Context, _ report.LogQuery, emit func([]LogText) error) error {
		return errors.Join(emit(nil), emit([]LogText{at}), emit([]LogText{line}), &report.UnreadableLogsError{Logs: []string{at.Describe()}})
	}
	const sentence = "the stderr of web:1 cannot be read: open x: too many links"
	for _, tt := range []struct{ query, te, want string }{
		{"", "", "initiator: " + sentence + "\ndb:0 | text\n"},
		{"", "trailers", "db:0 | text\n"},
		{"follow=1", "trailers", "initiator: " + sentence + "\ndb:0 | text\n"},
		{"format=json", "trailers", `{"name":"web","guid":"g","index":1,"stream":"stderr","line":"","error":"open x:\ntoo many links"}` + "\n" + `{"name":"db","guid":"","index":0,"stream":"","line":"text"}` + "\n"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/?"+tt.query, nil)
		r.Header.Set("TE", tt.te)
		h := handlers{life: context.Background()}
		h.writeLog(w, r, read)
		if got := w.Body.String(); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
		if got := w.Result().Trailer.Get(apiheader.LogError); got != sentence {
			t.Errorf("%+v: the trailer is %q", tt, got)
		}
	}
}

// TestTextOfPieces: pieces of a line are one line of the text, and are marked where
// another line comes between them.
func TestTextOfPieces(t *testing.T) {
	t.Parallel()
	a, b := &LogWriter{Name: "a", Labelled: true}, &LogWriter{Name: "b", Labelled: true}
	var text textLines
	var page []byte
	for _, l := range []LogText{
		{Writer: a, Text: []byte("one, "), Partial: true},
		{Writer: a, Text: []byte("two, "), Partial: true, Continued: true},
		{Writer: a, Text: []byte("three"), Continued: true},
		{Writer: a, Text: []byte("name: "), Partial: true},
		{Writer: b, Text: []byte("other")},
		{Writer: a, Text: []byte("x"), Continued: true},
	} {
		page = text.appendText(page, l)
	}
	const want = "a:0 | one, two, three\na:0 | name:  (initiator: the line goes on)\nb:0 | other\na:0 | (initiator: the line before goes on) x\n"
	if string(page) != want || text.begun != nil {
		t.Errorf("%s\nwant %s", page, want)
	}
}

// A duration is a time before now; only a time can be after now.
func FuzzSince(f *testing.F) {
	for _, seed := range []string{"", "10m", "90", "2030-01-01T00:00:00Z", "1e300", "NaN", "-5m", "1h-2h"} {
		f.Add(seed)
	}
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseSince(text, now)
		if err == nil && at.After(now) {
			if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
				t.Errorf("%q is %v", text, at)
			}
		}
	})
}
