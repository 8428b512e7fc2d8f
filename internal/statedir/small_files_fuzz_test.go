package statedir

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// smallFile reads one small file, and says what is in it.
type smallFile struct {
	name, what string
	read       func(*testing.T, *Dir) (content any, empty bool, err error)
	write      func(d *Dir, content any) error
	equal      func(a, b any) bool
}

var smallFiles = []smallFile{
	{
		apiAddressName, apiAddressKind.what,
		func(t *testing.T, d *Dir) (any, bool, error) {
			port, err := ReadAPIPort(d.Path())
			if port < 0 || port > 65535 {
				t.Errorf("port %d", port)
			}
			return port, port == 0, err
		},
		func(d *Dir, content any) error { return d.WriteAPIPort(content.(int)) },
		func(a, b any) bool { return a == b },
	}, {
		pausedPoolsName, pausedPoolsKind.what,
		func(_ *testing.T, d *Dir) (any, bool, error) {
			p, err := d.ReadPausedPools()
			return p, len(p.names) == 0, err
		},
		func(_ *Dir, content any) error { return content.(*PausedPools).Set(nil, true) },
		func(a, b any) bool { return maps.Equal(a.(*PausedPools).names, b.(*PausedPools).names) },
	}, {
		scheduleTicksName, scheduleTicksKind.what,
		func(_ *testing.T, d *Dir) (any, bool, error) {
			s, err := d.ReadScheduleTicks()
			return s, len(s.Last) == 0, err
		},
		func(_ *Dir, content any) error { return content.(*ScheduleTicks).Write() },
		func(a, b any) bool {
			one, other := a.(*ScheduleTicks).Last, b.(*ScheduleTicks).Last
			for name, at := range one {
				if !at.Equal(other[name]) {
					return false
				}
			}
			return len(one) == len(other)
		},
	},
}

// FuzzSmallFiles puts any members into each small file. A file is refused whole, with
// a reason and without content, or what was read from it is the same after it was
// written and read again.
func FuzzSmallFiles(f *testing.F) {
	for _, members := range []string{
		`"port":8080`, `"port":-1`, `"port":65536`, `"port":1e3`, `"port":7,"port":"x"`,
		`"pools":["a","b","a"]`, `"pools":["a",5]`, `"pools":null`, `"pools":["\ud800"]`,
		`"last":{"nightly":"2030-01-31T12:00:00Z"}`, `"last":{"a":"2030-01-31T12:00:00Z","b":1}`, `"last":{"":"0000-01-01T00:00:00+23:59"}`, `"version":2`, `}`,
	} {
		f.Add(members)
	}
	f.Fuzz(func(t *testing.T, members string) {
		d := openTestDir(t)
		for _, file := range smallFiles {
			path := filepath.Join(d.Path(), file.name)
			text := `{"version":1,"what":"` + file.what + `",` + members + `}`
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			read, empty, err := file.read(t, d)
			if bad := (*FormatError)(nil); err != nil && (!empty || !errors.As(err, &bad)) {
				t.Errorf("%s with %s: refused (%v), and read as %+v", file.name, members, err, read)
			}
			if err != nil {
				continue
			}
			if err := file.write(d, read); err != nil {
				t.Errorf("%s with %s was read and cannot be written: %v", file.name, members, err)
				continue
			}
			if again, _, err := file.read(t, d); err != nil || !file.equal(read, again) {
				t.Errorf("%s with %s: %+v, and after it was written %+v, %v", file.name, members, read, again, err)
			}
		}
	})
}
