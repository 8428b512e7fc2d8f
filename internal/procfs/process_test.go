package procfs

import "testing"

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) b) S 1 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 77 1 2"))
	f.Add([]byte("() "))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, ok := parseStat(text)
		if !ok && p != (Process{}) {
			t.Errorf("not ok, but %+v", p)
		}
	})
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	text := []byte("12 (a) b (c) Z 3 4 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 77 1 2\n")
	want := Process{PID: 12, Parent: 3, Group: 4, Session: 12, Start: 77, Ended: true}
	if p, ok := parseStat(text); !ok || p != want {
		t.Errorf("parsed %+v, %v; want %+v", p, ok, want)
	}
}

// TestFirstOfTwoEntriesCounts, as it does for getenv.
func TestFirstOfTwoEntriesCounts(t *testing.T) {
	t.Parallel()
	if got := EnvironValue([]byte("AB=0\x00A=1\x00A=2\x00"), "A"); got != "1" {
		t.Error(got)
	}
}
