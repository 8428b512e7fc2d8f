package stream

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQuestionsAreWrittenAsTheContractHasThem, and read back.
func TestQuestionsAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		q    Question
		want string
	}{
		{Question{Pool: "adder"}, `{"p":"adder"}`},
		{Question{Pool: "grüße", Method: "sum"}, `{"p":"grüße","m":"sum"}`},
		{Question{Verb: Submit, Pool: "a", Options: json.RawMessage(`{"key":"k"}`)}, `{"k":"submit","p":"a","o":{"key":"k"}}`},
		{Question{Verb: Wait, Progress: true}, `{"k":"wait","g":true}`},
		{Question{Verb: Stop, Task: "0197b5c0-0000-7000-8000-000000000000"}, `{"k":"cancel","id":"0197b5c0-0000-7000-8000-000000000000"}`},
		{Question{Verb: Forget}, `{"k":"forget"}`},
		{Question{}, `{}`},
	} {
		b := c.q.Append(nil)
		if string(b) != c.want {
			t.Errorf("%s\nwant %s", b, c.want)
		}
		got := Question{Pool: "before", Method: "before", Task: "before"}
		if err := got.Parse(b); err != nil || !reflect.DeepEqual(got, c.q) {
			t.Errorf("%s: %+v %v", b, got, err)
		}
	}
}

func TestQuestionsOfOthers(t *testing.T) {
	for in, want := range map[string]Question{
		` {"p" : "x", "later": [] } `: {Pool: "x"},
		`{"k":"later"}`:               {Verb: Unknown},
		`{"k":"","g":false}`:          {},
	} {
		var got Question
		if err := got.Parse([]byte(in)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v", in, got, err)
		}
	}
	for _, in := range []string{``, `7`, `[]`, `{"p":1}`, `{"p":"x"`, `{"p":"x",}`, `{"p":"x"}}`} {
		if err := new(Question).Parse([]byte(in)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// TestRepliesAreWrittenAsTheContractHasThem, and read back.
func TestRepliesAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		r    Reply
		want string
	}{
		{Reply{Status: Completed, Attempt: 1}, `{"s":"completed","a":1}`},
		{Reply{Status: "dead", Attempt: 3, Task: "x", Reason: "its \"worker\" died"}, `{"s":"dead","a":3,"id":"x","r":"its \"worker\" died"}`},
		{Reply{Status: Completed, Known: true, Large: true}, `{"s":"completed","known":true,"large":true}`},
		{Reply{Status: Refused, Code: 710, HTTP: 429, RetryAfter: 1500 * time.Millisecond, Reason: "full"}, `{"s":"refused","c":710,"h":429,"retry_after":1.5,"r":"full"}`},
		{Reply{Progress: true, Attempt: 2}, `{"k":"progress","a":2}`},
	} {
		b := c.r.Append(nil)
		if string(b) != c.want {
			t.Errorf("%s\nwant %s", b, c.want)
		}
		got := Reply{Status: "before", Task: "before"}
		if err := got.Parse(b); err != nil || got != c.r {
			t.Errorf("%s: %+v %v", b, got, err)
		}
	}
	long := Reply{Status: Failed, Reason: strings.Repeat("ä", mostReason)}
	if b := long.Append(nil); len(b) > mostReason+100 || !json.Valid(b) {
		t.Errorf("a long reason makes %d bytes", len(b))
	}
	for _, in := range []string{``, `null x`, `{"s":1}`, `{"a":"1"}`, `{"s":"failed"`} {
		if err := new(Reply).Parse([]byte(in)); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

// TestNothingIsAllocatedForACall like the one before, nor for its end.
func TestNothingIsAllocatedForACall(t *testing.T) {
	q, r := Question{Pool: "adder", Method: "sum"}, Reply{Status: Completed, Attempt: 1}
	asked, replied := q.Append(make([]byte, 0, 64)), r.Append(make([]byte, 0, 64))
	var gotQ Question
	var gotR Reply
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
		q := Question{
			Verb: Verb(rapid.IntRange(0, int(Unknown)).Draw(t, "k")), Pool: rapid.String().Draw(t, "p"),
			Method: rapid.String().Draw(t, "m"), Task: rapid.String().Draw(t, "id"), Progress: rapid.Bool().Draw(t, "g"),
		}
		var got Question
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
		var byHand, byBook Question
		ok := byHand.fast(bytes.Clone(b), &Question{})
		err := byBook.slow(bytes.Clone(b))
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
		var byHand, byBook Reply
		ok := byHand.fast(bytes.Clone(b))
		err := byBook.slow(bytes.Clone(b))
		if ok && (err != nil || byHand != byBook) {
			t.Errorf("%q: by hand %+v, by encoding/json %+v %v", b, byHand, byBook, err)
		}
	})
}
