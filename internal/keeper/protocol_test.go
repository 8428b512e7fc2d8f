package keeper

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestWireNamesStay checks the JSON names of every frame against the names of
// version 5 of the protocol: after an upgrade an initiator meets a keeper that
// was started by an older program. A new field is added here together with a
// new Version.
func TestWireNamesStay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		frame any
		names string
	}{
		{message{}, "V Op FDs GUID Incarnation From Signal PID On Await MainOnly Spawn End Memo Seen Grace Paths Path Dev Ino Adopt Flow Stream Sent"},
		{spawnWire{}, "GUID Incarnation Stdin PassHeld NoFDs ListenFDs Stdout Stderr RedirectStderr Keep FollowMain Tag Umask Nice NoFile Core" +
			" UID GID Groups SetUser NoNewPrivs CgroupDir CgroupSet Argv Env Dir"},
		{Log{}, "Path MaxBytes Backups Timestamps Access Block"},
		{EndOrder{}, "GUID Incarnation Signal Wait MainFirst Leave"},
		{AdoptOrder{}, "GUID Incarnation PID StartTime Keep CgroupDir FollowMain FirstStart Tag Escaped Listening Stdout Stderr RedirectStderr"},
		{Event{}, "Kind GUID Incarnation At Seq Age Version PID StartTime Code Signal Core OOM Left LeftNames MaxRSS Unknown" +
			" Memo Socket Proven Killed Strays LeftCount LeftProcesses Escaped Stream Lines Raw Partial Continued Dropped Setting Error Errno Sent LogPath LogWorks"},
	} {
		frame := reflect.TypeOf(tt.frame)
		want := strings.Fields(tt.names)
		got := wireNames(frame)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s has the JSON names\n%v\nversion 5 has\n%v", frame.Name(), got, want)
		}
	}
}

// wireNames lists the JSON names of a struct and of the structs embedded in it.
func wireNames(frame reflect.Type) (names []string) {
	for _, field := range reflect.VisibleFields(frame) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		if name != "-" && !field.Anonymous {
			names = append(names, name)
		}
	}
	return names
}
