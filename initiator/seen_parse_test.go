package initiator

import "testing"

// FuzzParseSeen: whatever is in the file, it is read or refused with a reason.
func FuzzParseSeen(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"version":1}`, `{"version":9}`, `{"version":1,"workers":[{"state":"RUNNING","last_exit":{"class":"code"}}]}`, `{"version":1,"wor`, "null", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		seen, problem := parseSeen(data)
		if problem == "" && seen.Version != seenVersion {
			t.Errorf("%q is read as version %d", data, seen.Version)
		}
		if problem != "" && (seen.Version != 0 || len(seen.Workers) != 0) {
			t.Errorf("%q is refused, and read: %+v", data, seen)
		}
	})
}
