package stream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/internal/strictjson"
)

// TestQuestionsAreWrittenAsTheContractHasThem, and read back.
func TestQuestionsAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		q    RequestHeader
		want string
	}{
		{RequestHeader{Pool: "adder"}, `{"p":"adder"}`},
		{RequestHeader{Pool: "grüße", Method: "sum"}, `{"p":"grüße","m":"sum"}`},
		{RequestHeader{Verb: VerbSubmit, Pool: "a", Options: json.RawMessage(`{"key":"k"}`)}, `{"k":"submit","p":"a","o":{"key":"k"}}`},
		{RequestHeader{Verb: VerbWait, Progress: true}, `{"k":"wait","g":true}`},
		{RequestHeader{Verb: VerbCancel, Task: "0197b5c0-0000-7000-8000-000000000000"}, `{"k":"cancel","id":"0197b5c0-0000-7000-8000-000000000000"}`},
		{RequestHeader{Verb: VerbForget}, `{"k":"forget"}`},
		{RequestHeader{}, `{}`},
	} {
		b := c.q.Append(nil)
		if string(b) != c.want {
			t.Errorf("%s\nwant %s", b, c.want)
		}
		got := RequestHeader{Pool: "before", Method: "before", Task: "before"}
		if err := got.Parse(b); err != nil || !reflect.DeepEqual(got, c.q) {
			t.Errorf("%s: %+v %v", b, got, err)
		}
	}
}

func TestQuestionsOfOthers(t *testing.T) {
	for in, want := range map[string]RequestHeader{
		` {"p" : "x", "later": [] } `: {Pool: "x", Fault: &strictjson.UnknownMemberError{Name: "later", Known: []string{"k", "p", "m", "id", "g", "o"}}},
		`{"p":"x","p":"y"}`:           {Pool: "y", Fault: &strictjson.DuplicateMemberError{Name: "p"}},
		`{"k":"later"}`:               {Verb: VerbUnknown},
		`{"k":"","g":false}`:          {},
	} {
		var got RequestHeader
		if err := got.Parse([]byte(in)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{``, `7`, `[]`, `{"p":1}`, `{"p":"x"`, `{"p":"x",}`, `{"p":"x"}}`} {
		if err := new(RequestHeader).Parse([]byte(in)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// TestRepliesAreWrittenAsTheContractHasThem, and read back.
func TestRepliesAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		r    ReplyHeader
		want string
	}{
		{ReplyHeader{Status: StatusCompleted, Attempt: 1}, `{"s":"completed","a":1}`},
		{ReplyHeader{Status: "dead", Attempt: 3, Task: "x", Reason: "its \"worker\" died"}, `{"s":"dead","a":3,"id":"x","r":"its \"worker\" died"}`},
		{ReplyHeader{Status: StatusCompleted, Known: true, Large: true}, `{"s":"completed","known":true,"large":true}`},
		{ReplyHeader{Status: StatusRefused, Code: 710, HTTP: 429, RetryAfter: 1500 * time.Millisecond, Reason: "full"}, `{"s":"refused","c":710,"h":429,"retry_after":1.5,"r":"full"}`},
		{ReplyHeader{Progress: true, Attempt: 2}, `{"k":"progress","a":2}`},
	} {
		b := c.r.Append(nil)
		if string(b) != c.want {
			t.Errorf("%s\nwant %s", b, c.want)
		}
		got := ReplyHeader{Status: "before", Task: "before"}
		if err := got.Parse(b); err != nil || got != c.r {
			t.Errorf("%s: %+v %v", b, got, err)
		}
	}
	long := ReplyHeader{Status: StatusFailed, Reason: strings.Repeat("ä", maxReason)}
	if b := long.Append(nil); len(b) > maxReason+100 || !json.Valid(b) {
		t.Errorf("a long reason makes %d bytes", len(b))
	}
	for _, in := range []string{``, `null x`, `{"s":1}`, `{"a":"1"}`, `{"s":"failed"`} {
		if err := new(ReplyHeader).Parse([]byte(in)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// TestNothingIsAllocatedForACall like the one before, nor for its end.
func TestNothingIsAllocatedForACall(t *testing.T) {
	q, r := RequestHeader{Pool: "adder", Method: "sum"}, ReplyHeader{Status: StatusCompleted, Attempt: 1}
	asked, replied := q.Append(make([]byte, 0, 64)), r.Append(make([]byte, 0, 64))
	var gotQ RequestHeader
	var gotR ReplyHeader
	if n := testing.AllocsPerRun(100, func() {
		q.Append(asked[:0])
		r.Append(replied[:0])
		if gotQ.Parse(asked) != nil || gotR.Parse(replied) != nil {
			t.Error("they cannot be read")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAQuestionThatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := RequestHeader{
			Verb: Verb(rapid.IntRange(0, int(VerbUnknown)).Draw(t, "k")), Pool: rapid.String().Draw(t, "p"),
			Method: rapid.String().Draw(t, "m"), Task: rapid.String().Draw(t, "id"), Progress: rapid.Bool().Draw(t, "g"),
		}
		var got RequestHeader
		if err := got.Parse(q.Append(nil)); err != nil || !reflect.DeepEqual(got, q) {
			t.Fatalf("%s: %+v %v", q.Append(nil), got, err)
		}
	})
}

// FuzzQuestion: whatever is read by hand is what encoding/json would have read.
func FuzzQuestion(f *testing.F) {
	for _, s := range []string{`{"p":"adder","m":"sum"}`, `{"k":"wait","id":"key"}`, `{"p":"x","p":"y"}`, `{"k":"","g":true}`, `{"o":{"key":1}}`, `{"p":"x"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var byHand, byBook RequestHeader
		ok := byHand.parseFast(bytes.Clone(b), &RequestHeader{})
		err := byBook.parseJSON(bytes.Clone(b))
		if ok && (err != nil || !reflect.DeepEqual(byHand, byBook)) {
			t.Errorf("%q: by hand %+v, by encoding/json %+v %v", b, byHand, byBook, err)
		}
	})
}

// FuzzReply is the same for answers.
func FuzzReply(f *testing.F) {
	for _, s := range []string{`{"s":"completed","a":1}`, `{"s":"dead","a":3,"id":"x","r":"why"}`, `{"s":"refused","c":704,"h":404}`, `{"a":00}`, `{"s":"odd"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var byHand, byBook ReplyHeader
		ok := byHand.parseFast(bytes.Clone(b))
		err := byBook.parseJSON(bytes.Clone(b))
		if ok && (err != nil || byHand != byBook) {
			t.Errorf("%q: by hand %+v, by encoding/json %+v %v", b, byHand, byBook, err)
		}
	})
}
