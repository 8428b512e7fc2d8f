package queue

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store/storetest"
)

// notStored lists the fields of a task that are not stored: Known belongs to the
// answer to a submit, Progress to the running attempt.
var notStored = []string{"Known", "Progress"}

// changing lists the stored fields that change while a task lives. A head record
// must have these fields; only a whole record has the other fields.
var changing = []string{"State", "Reason", "Attempt", "Interruptions", "Suspicion", "NotBefore", "Started", "Ended", "Result", "History", "CallbackState"}

// fillFields gives every exported field of a struct, and of the structs in it, a
// value of its own that is not the zero value.
func fillFields(t *testing.T, v reflect.Value, seed *int) {
	t.Helper()
	*seed++
	switch value := v.Addr().Interface().(type) {
	case *time.Time:
		*value = time.Unix(1_700_000_000, int64(*seed))
		return
	case *uuid.UUID:
		*value = uuid.UUID{1, 15: byte(*seed)}
		return
	case *json.RawMessage:
		*value = fmt.Appendf(nil, "[%d]", *seed)
		return
	case *task.State:
		*value = task.Failed
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *seed))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*seed))
	case reflect.Float64:
		v.SetFloat(1 / float64(*seed+1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fillFields(t, v.Field(i), seed)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillFields(t, v.Index(i), seed)
		}
	default:
		t.Fatalf("a task has a field of type %s: teach fillFields to fill it, and the record to store it", v.Type())
	}
}

// filledTask returns a task in which only the fields of notStored are zero.
func filledTask(t *testing.T, seed int) task.Task {
	t.Helper()
	var filled task.Task
	fillFields(t, reflect.ValueOf(&filled).Elem(), &seed)
	filled.Priority %= priorities
	for _, name := range notStored {
		reflect.ValueOf(&filled).Elem().FieldByName(name).SetZero()
	}
	return filled
}

// TestEveryStoredFieldSurvivesARestart fails for a new field of task.Task that
// the record forgets.
func TestEveryStoredFieldSurvivesARestart(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	q, err := Open("", Options{Dir: disk})
	if err != nil {
		t.Fatal(err)
	}
	want := filledTask(t, 0)
	if _, _, err := q.AddTask(want); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open("", Options{Dir: disk})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := again.FindTask(want.ID)
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestHeadRecordHasEveryFieldThatChanges reads a head on top of a whole record,
// once for each field. A changing field comes from the head, every other field
// from the whole record. A new field has to be in one of the lists.
func TestHeadRecordHasEveryFieldThatChanges(t *testing.T) {
	t.Parallel()
	first, second := filledTask(t, 0), filledTask(t, 100)
	second.State = task.Dead
	fields := reflect.TypeFor[task.Task]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "ID" || slices.Contains(notStored, name) {
			continue
		}
		changed := first
		reflect.ValueOf(&changed).Elem().Field(i).Set(reflect.ValueOf(second).Field(i))
		var got task.Task
		if err := readRecord(appendWhole(nil, &first, 1), &got); err != nil {
			t.Fatal(err)
		}
		if err := readRecord(appendHead(nil, &changed, 2), &got); err != nil {
			t.Fatal(err)
		}
		want := first
		if slices.Contains(changing, name) {
			want = changed
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, want)
		}
	}
}

// TestRecordOfANewerVersionIsRefused keeps an initiator from losing a field that
// it does not know.
func TestRecordOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	one := filledTask(t, 0)
	record := appendTag(appendWhole(nil, &one, 1), 99, "a field of tomorrow")
	var got task.Task
	err := readRecord(record, &got)
	if err == nil || !strings.Contains(err.Error(), "field 99, which a newer initiator wrote") {
		t.Errorf("got %v", err)
	}
}
