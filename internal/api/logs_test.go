package api

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"
)

func TestLogQuery(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	for query, want := range map[string]LogQuery{
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
	if got := string(appendText(nil, l)); got != "text\n" {
		t.Error(got)
	}
	writer.Labelled = true
	if got := string(appendText(nil, l)); got != "adder:2 | text\n" {
		t.Error(got)
	}
	for _, l := range []LogText{
		l,
		{Writer: &LogWriter{}},
		{Writer: &writer, At: time.Date(2030, 1, 31, 12, 0, 0, 1000, time.FixedZone("", 3600)), Text: []byte("<é> \"\x00\xff")},
		{Writer: &writer, At: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)},
	} {
		want, err := json.Marshal(l.Copy())
		if got := string(appendJSON(nil, l)); err != nil || got != string(want)+"\n" {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
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
