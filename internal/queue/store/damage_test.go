package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

const one, two = "tasks.00000001.log", "tasks.00000002.log"

// heldText opens a store and returns the first letters of its records. The caller
// closes the store.
func heldText(t testing.TB, d store.Dir, o store.Options) (*store.Store, string) {
	t.Helper()
	text := ""
	s, err := store.Open(d, o, func(_ store.Place, b []byte) error {
		text += string(b[:1])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, text
}

// heldAgain closes a store and opens it again. It returns what Open says then.
func heldAgain(t testing.TB, s *store.Store, d store.Dir, o store.Options) (string, []report.Damage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, held := heldText(t, d, o)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return held, again.Damage()
}

// TestOpenSkipsDamage changes files, and checks which records are left and what
// Open says. After it, a second Open finds no damage and the same records.
func TestOpenSkipsDamage(t *testing.T) {
	for name, test := range map[string]struct {
		change func(d *storetest.Disk)
		held   string
		says   []string // parts of the damage, one for each place
	}{
		"nothing":                      {func(*storetest.Disk) {}, "abcd", nil},
		"a torn end":                   {func(d *storetest.Disk) { d.ChangeByte(two, -3, 'x') }, "abc", nil},
		"something else in there":      {func(d *storetest.Disk) { d.PutFile("tasks.txt", []byte("hello")) }, "abcd", nil},
		"a file that was being made":   {func(d *storetest.Disk) { d.PutFile("tasks.00000003.log.new", []byte("INITA")) }, "abcd", nil},
		"the oldest file was removed":  {func(d *storetest.Disk) { _ = d.RemoveFile(one) }, "cd", nil},
		"an empty newest file":         {func(d *storetest.Disk) { d.PutFile("tasks.00000003.log", nil) }, "abcd", []string{"tasks.00000003.log: the file is empty; it is unknown how many"}},
		"a zeroed newest file":         {func(d *storetest.Disk) { d.PutFile(two, make([]byte, 4096)) }, "ab", []string{"bytes 0 to 4096: the file begins with zeros; it is unknown how many"}},
		"a cut newest file":            {func(d *storetest.Disk) { d.PutFile(two, []byte("INITA")) }, "ab", []string{"the file has only 5 bytes"}},
		"an empty file among others":   {func(d *storetest.Disk) { d.PutFile(one, nil) }, "cd", []string{"tasks.00000001.log: the file is empty"}},
		"a foreign file":               {func(d *storetest.Disk) { d.PutFile(one, bytes.Repeat([]byte("not ours"), 100)) }, "cd", []string{"does not begin as a task file"}},
		"a record":                     {func(d *storetest.Disk) { d.ChangeByte(one, 64, 'x') }, "bcd", []string{"tasks.00000001.log, bytes 52 to 76: the bytes were changed; 1 record is lost"}},
		"the length of a record":       {func(d *storetest.Disk) { d.ChangeByte(one, 54, 'x') }, "bcd", []string{"bytes 52 to 76: the bytes were changed; 1 record is lost"}},
		"a mark":                       {func(d *storetest.Disk) { d.ChangeByte(one, 76, 'x') }, "abcd", []string{"bytes 76 to 88: the bytes were changed; no record is lost"}},
		"two places":                   {func(d *storetest.Disk) { d.ChangeByte(one, 64, 'x'); d.ChangeByte(two, 64, 'x') }, "bd", []string{"tasks.00000001.log", "tasks.00000002.log"}},
		"the last record of the first": {func(d *storetest.Disk) { d.ChangeByte(one, -3, 'x') }, "acd", []string{"bytes 88 to 112: the end of the file is missing or was changed; 1 record is lost"}},
		"the end of the first":         {func(d *storetest.Disk) { d.PutFile(one, d.FileBytes(one)[:76]) }, "acd", []string{"bytes 76 to 112: the end of the file is missing or was changed; it is unknown"}},
		"before a mark of the last":    {func(d *storetest.Disk) { d.ChangeByte(two, 64, 'x') }, "abd", []string{"tasks.00000002.log, bytes 52 to 76: the bytes were changed; 1 record is lost"}},
		"a header":                     {func(d *storetest.Disk) { d.ChangeByte(one, 17, 'x') }, "abcd", []string{"bytes 0 to 40: the checksum of its header is wrong; no record is lost"}},
		"the header of the last":       {func(d *storetest.Disk) { d.ChangeByte(two, 0, 'x') }, "abcd", []string{"bytes 0 to 40: the file does not begin as a task file; no record"}},
		"a version that is no version": {func(d *storetest.Disk) { d.ChangeByte(two, 8, 3) }, "abcd", []string{"the checksum of its header is wrong"}},
		"the file of another number":   {func(d *storetest.Disk) { d.PutFile(two, d.FileBytes(one)) }, "ab", []string{"its header is the header of file 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, o := fourBatches(t)
			test.change(d)
			var noted []report.Damage
			o.NoteDamage = func(list []report.Damage) error { noted = append(noted, list...); return nil }
			s, held := heldText(t, d, o)
			if held != test.held {
				t.Errorf("held %q, want %q", held, test.held)
			}
			if fmt.Sprint(noted) != fmt.Sprint(s.Damage()) || s.RepairError() != nil {
				t.Errorf("noted %v of %v, %v", noted, s.Damage(), s.RepairError())
			}
			checkDamage(t, s.Damage(), test.says)
			mustWrite(t, s, "more")
			if held, damage := heldAgain(t, s, d, o); held != test.held+"m" || len(damage) > 0 {
				t.Errorf("then held %q, and it says %v", held, damage)
			}
		})
	}
}

// checkDamage compares damage with parts of its text.
func checkDamage(t *testing.T, got []report.Damage, want []string) {
	t.Helper()
	for i, d := range got {
		if i >= len(want) || !strings.Contains(d.String(), want[i]) {
			t.Errorf("it says %q, want %q", d, want)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d places %v, want %q", len(got), got, want)
	}
}

// TestOpenMissesAFileInTheMiddle removes files of a store with several.
func TestOpenMissesAFileInTheMiddle(t *testing.T) {
	d, o := storetest.New(1), store.Options{SegmentSize: 60}
	s, _ := heldText(t, d, o)
	for _, r := range []string{"a", "b", "c", "d"} {
		mustWrite(t, s, strings.Repeat(r, 16))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_ = d.RemoveFile("tasks.00000002.log")
	_ = d.RemoveFile("tasks.00000004.log")
	s, held := heldText(t, d, o)
	checkDamage(t, s.Damage(), []string{"tasks.00000002.log: the file is missing; it is unknown", "tasks.00000004.log: the file is missing"})
	if held != "ac" {
		t.Errorf("held %q", held)
	}
	if held, damage := heldAgain(t, s, d, o); held != "ac" || len(damage) > 0 {
		t.Errorf("then held %q, %v", held, damage)
	}
}

// TestNewerVersionIsRefused gives a header another version and a good checksum.
func TestNewerVersionIsRefused(t *testing.T) {
	d, o := fourBatches(t)
	b := d.FileBytes(two)
	b[8] = 3
	binary.LittleEndian.PutUint32(b[36:], crc32.Checksum(b[:36], crc32.MakeTable(crc32.Castagnoli)))
	d.PutFile(two, b)
	d.ChangeByte(one, 64, 'x')
	_, err := store.Open(d, o, func(store.Place, []byte) error { return nil })
	var newer *store.VersionError
	if !errors.As(err, &newer) || newer.Version != 3 || !strings.Contains(err.Error(), "start the newer initiator") {
		t.Errorf("%v", err)
	}
	if now := d.FileBytes(one); now[64] != 'x' {
		t.Error("a file was changed")
	}
}

// undamaged returns the records of a store whose bytes a change has not touched:
// the change stands between two positions of a file.
func undamaged(all []string, places []store.Place, segment uint32, from, to int64) string {
	text := ""
	for i, p := range places {
		if p.Segment != segment || int64(p.At+p.Size) <= from || int64(p.At) >= to {
			text += all[i][:1]
		}
	}
	return text
}

// threeSegments returns a disk with nine batches of one or two records in three
// segments, closed in order.
func threeSegments(t testing.TB) (d *storetest.Disk, o store.Options, records []string, places []store.Place) {
	d, o = storetest.New(1), store.Options{SegmentSize: 300}
	s, _ := heldText(t, d, o)
	for n := range 9 {
		batch := []string{strings.Repeat(string(rune('a'+2*n)), 20), strings.Repeat(string(rune('b'+2*n)), 30)}
		records = append(records, batch...)
		places = append(places, mustWrite(t, s, batch...)...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if places[len(places)-1].Segment != 3 {
		t.Fatalf("%d segments", places[len(places)-1].Segment)
	}
	return d, o, records, places
}

// TestEveryByteOfAStore flips each byte of each file, cuts, empties and zeroes each
// file. Every Open keeps every record that was not touched. It says that there is
// damage, unless the bytes have no meaning. A second Open finds nothing more.
func TestEveryByteOfAStore(t *testing.T) {
	whole, o, records, places := threeSegments(t)
	for number := uint32(1); number <= 3; number++ {
		name := fmt.Sprintf("tasks.%08d.log", number)
		content := whole.FileBytes(name)
		used := int64(len(bytes.TrimRight(content, "\x00")))
		check := func(what string, changed []byte, from, to int64) {
			t.Helper()
			d := whole.AfterKill()
			d.PutFile(name, changed)
			s, held := heldText(t, d, o)
			if want := undamaged(records, places, number, from, to); !containsAll(held, want) {
				t.Fatalf("%s of %s: held %q, want %q", what, name, held, want)
			}
			lost := len(held) < len(records)
			if hurt := from < used; hurt != (len(s.Damage()) > 0) || lost && !hurt {
				t.Fatalf("%s of %s: held %q, and it says %v", what, name, held, s.Damage())
			}
			counted := 0
			for _, place := range s.Damage() {
				if counted += place.Records; place.Records == report.UnknownRecords {
					counted = len(records)
				}
			}
			if len(records)-len(held) > counted {
				t.Fatalf("%s of %s: held %q, and it says %v", what, name, held, s.Damage())
			}
			if s.RepairError() != nil {
				t.Fatalf("%s of %s: %v", what, name, s.RepairError())
			}
			if then, damage := heldAgain(t, s, d, o); then != held || len(damage) > 0 {
				t.Fatalf("%s of %s: held %q, then %q and %v", what, name, held, then, damage)
			}
		}
		for at := int64(0); at < used; at++ {
			changed := bytes.Clone(content)
			changed[at] ^= 1 << (at % 8)
			check(fmt.Sprint("a bit of byte ", at), changed, at, at+1)
		}
		for at := int64(0); at < used; at += 7 {
			check(fmt.Sprint("cut at ", at), content[:at], at, int64(len(content)))
			zeroed := append(bytes.Clone(content[:at]), make([]byte, int64(len(content))-at)...)
			check(fmt.Sprint("zeroed from ", at), zeroed, at, int64(len(content)))
			check(fmt.Sprint("zeroed up to ", at+1), append(make([]byte, at+1), content[at+1:]...), 0, at+1)
		}
	}
}

// containsAll reports whether all has the letters of some, in order.
func containsAll(all, some string) bool {
	for _, r := range some {
		i := strings.IndexRune(all, r)
		if i < 0 {
			return false
		}
		all = all[i+1:]
	}
	return true
}

// TestFullDiskLeavesDamageAsItIs opens damaged files on a disk that stores nothing.
// Every good record is read, and the next Open with room finds the damage again.
func TestFullDiskLeavesDamageAsItIs(t *testing.T) {
	d, o := fourBatches(t)
	d.ChangeByte(one, 64, 'x')
	d.SetRoom(0)
	s, held := heldText(t, d, o)
	if held != "bcd" || s.RepairError() == nil || len(s.Damage()) != 1 {
		t.Errorf("held %q, %v, %v", held, s.RepairError(), s.Damage())
	}
	_ = s.Close()
	d.SetRoom(-1)
	if s, held = heldText(t, d, o); held != "bcd" || s.RepairError() != nil || len(s.Damage()) != 1 {
		t.Errorf("then held %q, %v, %v", held, s.RepairError(), s.Damage())
	}
	if held, damage := heldAgain(t, s, d, o); held != "bcd" || len(damage) > 0 {
		t.Errorf("then held %q, %v", held, damage)
	}
}

// TestBytesThatTheDiskCannotRead makes a block of a file unreadable. Open skips it
// and leaves it as it is. When the disk reads the block again, nothing is lost. An
// error that may pass stops Open.
func TestBytesThatTheDiskCannotRead(t *testing.T) {
	d, o := storetest.New(1), store.Options{}
	s, _ := heldText(t, d, o)
	for n := range 6 {
		mustWrite(t, s, strings.Repeat(string(rune('a'+n)), 3000))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d.FailRead(one, 8000, 8100, syscall.EIO)
	s, held := heldText(t, d, o)
	if !containsAll(held, "abf") || strings.Contains(held, "c") {
		t.Errorf("held %q", held)
	}
	checkDamage(t, s.Damage(), []string{"the disk cannot read it (input/output error); it is unknown"})
	mustWrite(t, s, "more")
	if held, damage := heldAgain(t, s, d, o); !containsAll(held, "abfm") || len(damage) != 1 {
		t.Errorf("then held %q, %v", held, damage)
	}
	d.FailRead(one, 0, 0, nil)
	s, held = heldText(t, d, o)
	if err := s.Close(); err != nil || held != "abcdefm" || len(s.Damage()) > 0 {
		t.Errorf("read again: held %q, %v, %v", held, s.Damage(), err)
	}
	d.FailRead(one, 8000, 8100, syscall.ESTALE)
	if _, err := store.Open(d, o, func(store.Place, []byte) error { return nil }); !errors.Is(err, syscall.ESTALE) {
		t.Errorf("an error that may pass: %v", err)
	}
}

// FuzzOpen opens any bytes as a segment between two good ones. Open keeps the
// records of the others, and a second Open reads every record of the first one and
// finds no damage.
func FuzzOpen(f *testing.F) {
	d, _ := fourBatches(f)
	f.Add(d.FileBytes(one))
	f.Add(d.FileBytes(two))
	f.Add([]byte{})
	whole, o, records, places := threeSegments(f)
	f.Add(whole.FileBytes(two))
	others := undamaged(records, places, 2, 0, 1<<40)
	f.Fuzz(func(t *testing.T, b []byte) {
		d := whole.AfterKill()
		d.PutFile(two, b)
		s, held := heldText(t, d, o)
		// A good header of another store says where the file before it ends.
		foreign := bytes.HasPrefix(b, []byte("INITASKS")) && !bytes.HasPrefix(b, whole.FileBytes(two)[:40])
		if !foreign && !containsAll(held, others) {
			t.Fatalf("held %q, want %q", held, others)
		}
		mustWrite(t, s, "more")
		if then, damage := heldAgain(t, s, d, o); then != held+"m" || len(damage) > 0 {
			t.Fatalf("held %q, then %q and %v", held, then, damage)
		}
	})
}

// FuzzHoles writes any bytes over a part of a segment. Every record that was not
// touched is kept.
func FuzzHoles(f *testing.F) {
	whole, o, records, places := threeSegments(f)
	f.Add(uint32(1), uint16(60), []byte("xx"))
	f.Add(uint32(2), uint16(0), make([]byte, 100))
	f.Add(uint32(3), uint16(200), whole.FileBytes(one)[52:80])
	f.Fuzz(func(t *testing.T, number uint32, at uint16, b []byte) {
		number = 1 + number%3
		name := fmt.Sprintf("tasks.%08d.log", number)
		content := whole.FileBytes(name)
		from := int(at) % len(content)
		if bytes.Equal(content[from:from+copy(bytes.Clone(content[from:]), b)], b) {
			return // nothing is changed
		}
		to := from + copy(content[from:], b)
		d := whole.AfterKill()
		d.PutFile(name, content)
		s, held := heldText(t, d, o)
		defer func() { _ = s.Close() }() // nothing was written
		if want := undamaged(records, places, number, int64(from), int64(to)); !containsAll(held, want) {
			t.Fatalf("held %q, want %q", held, want)
		}
	})
}
