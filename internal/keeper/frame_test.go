package keeper

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestSpawnTravelsUnchanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[^\x00]{0,8}`)
		raw := rapid.Map(rapid.SliceOfN(rapid.ByteMin(1), 0, 8), func(b []byte) string { return string(b) })
		list := rapid.SliceOfN(rapid.OneOf(text, raw), 1, 5)
		in := SpawnOrder{
			GUID: text.Draw(t, "guid"), Argv: list.Draw(t, "argv"), Env: list.Draw(t, "env"), Dir: raw.Draw(t, "dir"),
			Stdin: rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "stdin"), Umask: -1, Keep: true,
		}
		wire, err := newSpawnWire(in)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := encodeFrame(message{Spawn: wire})
		if err != nil {
			t.Fatal(err)
		}
		var f frames
		f.feed(frame)
		body, _, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		if out := *m.Spawn.spawnOrder(); !reflect.DeepEqual(in, out) {
			t.Fatalf("in  %+v\nout %+v", in, out)
		}
	})
}

func FuzzFrames(f *testing.F) {
	whole, _ := encodeFrame(message{Op: opClose})
	f.Add(whole, 1)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0}, 3)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		step = 1 + (step&0xff)%16
		var in frames
		taken := 0
		for rest := stream; len(rest) > 0; {
			n := min(step, len(rest))
			in.feed(rest[:n])
			rest = rest[n:]
			for {
				body, start, err := in.next()
				if err != nil {
					return
				}
				if body == nil {
					break
				}
				if int(start) != taken || !bytes.Equal(body, stream[taken+4:taken+4+len(body)]) {
					t.Fatalf("frame at %d is %q", start, body)
				}
				taken += 4 + len(body)
			}
		}
	})
}

func TestMarkedKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]key{
		"": {}, "A=b\x00": {},
		"INITIATOR_GUID=w\x00X=1\x00INITIATOR_INCARNATION=12\x00": {"w", 12},
		"INITIATOR_GUID=w\x00INITIATOR_INCARNATION=\x00":          {"w", 0},
	} {
		if got := markedKey([]byte(text)); got != want {
			t.Errorf("marks of %q = %v, want %v", text, got, want)
		}
	}
}

// TestNameAloneMakesNoKeeper: a program that only has the name of a keeper runs
// as usual.
func TestNameAloneMakesNoKeeper(t *testing.T) {
	t.Parallel()
	for _, with := range []string{"nothing", "a file", "a socket without the preface"} {
		cmd := actCommand("print", "myself")
		cmd.Path, _ = os.Executable()
		cmd.Args[0], cmd.Stdout = processName, nil
		ours, theirs, err := newSocketPair()
		if err != nil {
			t.Fatal(err)
		}
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		switch with {
		case "a file":
			cmd.ExtraFiles = []*os.File{null}
		case "a socket without the preface":
			cmd.ExtraFiles = []*os.File{theirs}
		}
		if out, err := cmd.Output(); err != nil || string(out) != "myself" {
			t.Errorf("with %s: it said %q, %v", with, out, err)
		}
		ours.Close()
		theirs.Close()
		null.Close()
	}
}
