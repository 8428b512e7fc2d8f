package stream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var deadline = time.Date(2026, 11, 20, 8, 0, 0, 123456789, time.UTC)

// TestHeadersAreWrittenAsTheContractHasThem, and read back.
func TestHeadersAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		h    WorkerHeader
		want string
	}{
		{WorkerHeader{}, `{"m":""}`},
		{WorkerHeader{Method: "account.balance", Attempt: 2, Deadline: deadline, Traceparent: "00-ab-cd-01"}, `{"m":"account.balance","a":2,"d":"2026-11-20T08:00:00.123456789Z","t":"00-ab-cd-01"}`},
		{WorkerHeader{Method: "grüß\"e\n"}, `{"m":"grüß\"e\n"}`},
		{WorkerHeader{Kind: KindAnswer, Status: StatusCompleted, Attempt: 1}, `{"s":"completed","a":1}`},
		{WorkerHeader{Kind: KindAnswer, Status: StatusFailed, Attempt: 1, Retry: true}, `{"s":"failed","a":1,"retry":true}`},
		{WorkerHeader{Kind: KindAnswer, Status: StatusRefused, Attempt: 1, Code: 601, RetryAfter: 1500 * time.Millisecond}, `{"s":"refused","a":1,"c":601,"retry_after":1.5}`},
		{WorkerHeader{Kind: KindCancel, Attempt: 3}, `{"k":"cancel","a":3}`},
		{WorkerHeader{Kind: KindProgress, Attempt: 3, Seq: 9}, `{"k":"progress","a":3,"q":9}`},
		{WorkerHeader{Kind: KindHeartbeat}, `{"k":"beat"}`},
		{WorkerHeader{Kind: KindHeartbeatAnswer}, `{"k":"obey"}`},
		{WorkerHeader{Kind: KindBye}, `{"k":"bye"}`},
	} {
		b := c.h.Append(nil)
		if string(b) != c.want {
			t.Errorf("%s\nwant %s", b, c.want)
		}
		got := WorkerHeader{Method: "before", Traceparent: "before"}
		if err := got.Parse(b); err != nil || got != c.h {
			t.Errorf("%s: %+v %v", b, got, err)
		}
	}
}

func TestHeadersOfOthers(t *testing.T) {
	for in, want := range map[string]WorkerHeader{
		`{}`:                                  {},
		` { "m" : "x" , "later" : [{}] } `:    {Method: "x"},
		`{"k":"later"}`:                       {Kind: KindUnknown},
		`{"retry_after":-1}`:                  {},
		`{"s":"refused","retry_after":1e300}`: {Kind: KindAnswer, Status: StatusRefused, RetryAfter: (1<<31 - 1) * time.Second},
		`{"a":1234567890}`:                    {Attempt: 1234567890},
		`{"s":"odd"}`:                         {Kind: KindAnswer, Status: "odd"},
	} {
		var got WorkerHeader
		if err := got.Parse([]byte(in)); err != nil || got != want {
			t.Errorf("%s: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{``, `x`, `[]`, `{"m":1}`, `{"a":1.5}`, `{"a":01}`, `{"d":"soon"}`, `{"m":"x"}}`, `{"m":"x",}`, `{"m":"`, "{\"m\":\"\n\"}", `{"a":99999999999999999999}`} {
		if err := new(WorkerHeader).Parse([]byte(in)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// TestADeadlineThatCannotBeSaidIsNone.
func TestADeadlineThatCannotBeSaidIsNone(t *testing.T) {
	h := WorkerHeader{Method: "m", Deadline: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if got := string(h.Append(nil)); got != `{"m":"m"}` {
		t.Error(got)
	}
}

// TestNothingIsAllocatedForATask like the one before.
func TestNothingIsAllocatedForATask(t *testing.T) {
	h := WorkerHeader{Method: "sum", Attempt: 1, Deadline: deadline}
	b := h.Append(make([]byte, 0, 128))
	var got WorkerHeader
	if n := testing.AllocsPerRun(100, func() {
		h.Append(b[:0])
		if got.Parse(b) != nil {
			t.Error("it cannot be read")
		}
	}); n > 1 { // the first run is not counted; the deadline's UTC is free
		t.Errorf("%v allocations", n)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := WorkerHeader{
			Kind: KindTask, Method: rapid.String().Draw(t, "m"), Attempt: rapid.IntRange(0, 1<<40).Draw(t, "a"),
			Traceparent: rapid.String().Draw(t, "t"), Seq: uint64(rapid.Int64Range(0, 1<<62).Draw(t, "q")),
		}
		b := h.Append(nil)
		if !json.Valid(b) {
			t.Fatalf("not JSON: %q", b)
		}
		var got WorkerHeader
		if err := got.Parse(b); err != nil || got != h {
			t.Fatalf("%s: %+v %v", b, got, err)
		}
	})
}

// FuzzParse: whatever is read by hand is what encoding/json would have read.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"m":"sum","a":1,"d":"2026-11-20T08:00:00.5Z","t":"00-ab"}`, `{"s":"completed","a":1}`, `{"k":"cancel","a":3}`,
		`{"s":"refused","c":601,"retry":true}`, `{"a":00}`, `{"m":"x","m":"y"}`, `{"k":""}`, `{"d":"2026-11-20t08:00:00Z"}`, `{"m":"x"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var byHand, byBook WorkerHeader
		ok := byHand.parseFast(bytes.Clone(b), &WorkerHeader{})
		err := byBook.parseJSON(bytes.Clone(b))
		if ok && (err != nil || !reflect.DeepEqual(byHand, byBook)) {
			t.Errorf("%q: by hand %+v, by encoding/json %+v %v", b, byHand, byBook, err)
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	h := WorkerHeader{Method: "sum", Attempt: 1, Deadline: deadline}
	raw := h.Append(nil)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			raw = h.Append(raw[:0])
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		var got WorkerHeader
		for b.Loop() {
			_ = got.Parse(raw)
		}
	})
}
