package lifecycle

import (
	"reflect"
	"testing"
	"time"
)

// TestEveryTimeOfARecordIsMoved: a new field must not be forgotten.
func TestEveryTimeOfARecordIsMoved(t *testing.T) {
	from, to := time.Unix(1000, 0), time.Unix(2000, 0)
	var r Record
	fill(reflect.ValueOf(&r).Elem(), from)
	r.shiftTimes(func(time.Time) time.Time { return to })
	count := 0
	each(t, reflect.ValueOf(r), "Record", func(path string, at time.Time) {
		count++
		if !at.Equal(to) {
			t.Errorf("%s was not moved", path)
		}
	})
	if count < 10 {
		t.Errorf("only %d times were found", count)
	}
}

// fill sets every time in a value.
func fill(v reflect.Value, at time.Time) {
	switch {
	case v.Type() == reflect.TypeOf(at):
		v.Set(reflect.ValueOf(at))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), at)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeOf(at):
		v.Set(reflect.ValueOf([]time.Time{at}))
	}
}

func each(t *testing.T, v reflect.Value, path string, f func(string, time.Time)) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeOf(time.Time{}):
		f(path, v.Interface().(time.Time))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				each(t, v.Field(i), path+"."+v.Type().Field(i).Name, f)
			}
		}
	case v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeOf(time.Time{}):
		for i := range v.Len() {
			each(t, v.Index(i), path, f)
		}
	}
}
