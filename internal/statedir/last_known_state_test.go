package statedir

import "testing"

// Whatever is in the file, it is read or refused with a reason.
func FuzzParseLastKnownState(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"version":1}`, `{"version":9}`, `{"version":1,"workers":[{"state":"RUNNING","last_exit":{"class":"code"}}]}`, `{"version":1,"wor`, "null", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		state, problem := parseLastKnownState(data)
		if problem == "" && state.Version != lastKnownVersion {
			t.Errorf("%q is read as version %d", data, state.Version)
		}
		if problem != "" && (state.Version != 0 || len(state.Workers) != 0) {
			t.Errorf("%q is refused, and read: %+v", data, state)
		}
	})
}
