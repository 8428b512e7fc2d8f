package keeper

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// frameLimit bounds one frame, so that a damaged stream cannot ask for memory
// without end. A SpawnOrder holds an environment and an INI, some kilobytes;
// the kernel itself refuses more than a few megabytes of arguments.
const frameLimit = 8 << 20

// preface is what the initiator writes into the socket before it starts the
// keeper. A process that only has the name initiator-keeper does not find it on
// descriptor 3.
const preface = "initiator-keeper/1\n"

// The values of message.Op.
const (
	opSpawn          = "spawn"
	opHold           = "hold"
	opShare          = "share"
	opRelease        = "release"
	opEnd            = "end"
	opSignal         = "signal"
	opWatch          = "watch"
	opReopen         = "reopen"
	opClear          = "clear"
	opClose          = "close"
	opHandoverSocket = "meet"
	opSnapshot       = "memo"
	opKeepAll        = "stay"
	opAdopt          = "adopt"
	opSync           = "sync"
	opMain           = "main"
	opTaken          = "taken"
	opPause          = "pause"
)

// opVersion holds the version with which an order came, for orders that are not
// in version 1. Such an order is not sent to an older keeper. An older keeper
// that receives it answers with a warning.
var opVersion = map[string]int{opClear: 2, opShare: 4, opMain: 5, opTaken: flowVersion, opPause: flowVersion}

// listenVersion is the version with which SpawnOrder.ListenFDs and NoNewPrivs came.
// An older keeper would start the program without its socket, or with privileges.
const listenVersion = 4

// leaveVersion is the version with which EndOrder.Leave came.
const leaveVersion = 6

// flowVersion is the version with which acknowledgements of output came.
const flowVersion = 7

// message is one order to the keeper: a frame of JSON. FDs is the number of
// descriptors that were sent with its first byte, 0 or 1.
type message struct {
	V           int
	Op          string
	FDs         int        `json:",omitempty"`
	GUID        string     `json:",omitempty"`
	Incarnation int        `json:",omitempty"`
	From        string     `json:",omitempty"` // share
	Signal      int        `json:",omitempty"`
	PID         int        `json:",omitempty"` // main
	On          bool       `json:",omitempty"`
	Await       bool       `json:",omitempty"` // watch
	Flow        []string   `json:",omitempty"` // watch: the streams whose lines are acknowledged
	Stream      string     `json:",omitempty"` // taken
	Sent        uint64     `json:",omitempty"` // taken
	MainOnly    bool       `json:",omitempty"` // signal
	Spawn       *spawnWire `json:",omitempty"`
	End         *EndOrder  `json:",omitempty"`

	Snapshot    []byte        `json:"Memo,omitempty"` // spawn, memo, adopt
	SnapshotSeq uint64        `json:"Seen,omitempty"` // spawn, memo
	Grace       time.Duration `json:",omitempty"`     // spawn, memo, adopt, stay
	Paths       []string      `json:",omitempty"`     // clear
	Path        string        `json:",omitempty"`     // meet
	Dev         uint64        `json:",omitempty"`     // meet
	Ino         uint64        `json:",omitempty"`     // meet
	Adopt       *AdoptOrder   `json:",omitempty"`
}

// spawnWire is a SpawnOrder whose byte strings travel as bytes: an environment
// may hold any byte but NUL, and JSON strings would replace bytes that are not
// UTF-8.
type spawnWire struct {
	SpawnOrder
	Argv, Env, Dir []byte
}

func newSpawnWire(s SpawnOrder) (*spawnWire, error) {
	for _, list := range [][]string{s.Argv, s.Env, {s.Dir}} {
		for _, text := range list {
			if strings.IndexByte(text, 0) >= 0 {
				return nil, fmt.Errorf("spawn %s: argument, environment or directory holds a NUL byte", s.GUID)
			}
		}
	}
	w := &spawnWire{SpawnOrder: s, Argv: joinNUL(s.Argv), Env: joinNUL(s.Env), Dir: []byte(s.Dir)}
	w.Stream = nil
	return w, nil
}

// spawnOrder returns the SpawnOrder that newSpawnWire was given.
func (w *spawnWire) spawnOrder() *SpawnOrder {
	w.SpawnOrder.Argv, w.SpawnOrder.Env, w.SpawnOrder.Dir = splitNUL(w.Argv), splitNUL(w.Env), string(w.Dir)
	return &w.SpawnOrder
}

// joinNUL ends every string with NUL, so that an empty list and a list of one
// empty string differ.
func joinNUL(list []string) []byte {
	var b bytes.Buffer
	for _, s := range list {
		b.WriteString(s)
		b.WriteByte(0)
	}
	return b.Bytes()
}

func splitNUL(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// encodeFrame returns a frame: the length, four bytes in network order, and the
// JSON of v.
func encodeFrame(v any) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 4, 512))
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return nil, err
	}
	frame := b.Bytes()
	if len(frame)-4 > frameLimit {
		return nil, fmt.Errorf("message of %d bytes is over the limit of %d", len(frame)-4, frameLimit)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame, nil
}

// frameLength reads the four bytes that begin a frame.
func frameLength(head []byte) (int, error) {
	n := binary.BigEndian.Uint32(head)
	if n > frameLimit {
		return 0, fmt.Errorf("frame of %d bytes is over the limit of %d", n, frameLimit)
	}
	return int(n), nil
}

// frames cuts a byte stream into frames. The zero value is ready.
type frames struct {
	buf    []byte
	offset int64 // position of buf[0] in the stream
}

func (f *frames) feed(b []byte) { f.buf = append(f.buf, b...) }

// next returns the body of the next whole frame and the position in the stream
// at which the frame began; nil when more bytes are needed. The body is valid
// until feed.
func (f *frames) next() (body []byte, start int64, err error) {
	if len(f.buf) < 4 {
		return nil, 0, nil
	}
	n, err := frameLength(f.buf)
	if err != nil || len(f.buf) < 4+n {
		return nil, 0, err
	}
	body, start = f.buf[4:4+n:4+n], f.offset
	f.buf, f.offset = f.buf[4+n:], f.offset+int64(4+n)
	if len(f.buf) == 0 {
		f.buf = nil // do not keep the memory of a burst of orders
	}
	return body, start, nil
}
