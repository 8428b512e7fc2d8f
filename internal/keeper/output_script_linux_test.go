package keeper

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	acts["write-script"] = actWriteScript
}

// outputScript is what a process of a test writes, and when.
type outputScript struct {
	Seed     uint64
	LineMean int    // mean length of a line
	Alphabet [2]int // of stdout and stderr; ownLog = all bytes
	Redirect bool   // stdout and stderr are one stream, with the alphabet of stdout
	Steps    []outputStep
	// Progress is a file with the number of bytes written to stdout and to stderr, of
	// 8 bytes each. With Redirect the first counts both.
	Progress string
	// Control is a fifo, which gets a byte at each step with Mark.
	Control string
}

// outputStep is one write, after a pause.
type outputStep struct {
	Size   int
	Pause  time.Duration
	Stderr bool
	Mark   bool
}

// stream returns the number of the stream that a step writes to.
func (s *outputScript) stream(step outputStep) int {
	if step.Stderr && !s.Redirect {
		return 1
	}
	return 0
}

// makeChunks returns what each step writes. Only the script decides it.
func (s *outputScript) makeChunks() [][]byte {
	sources := [2]*textSource{newTextSource(s, 0), newTextSource(s, 1)}
	var chunks [][]byte
	for _, step := range s.Steps {
		chunks = append(chunks, sources[s.stream(step)].take(step.Size))
	}
	return chunks
}

// joinStreams returns what a script writes to each stream.
func (s *outputScript) joinStreams() (text [2][]byte) {
	for i, chunk := range s.makeChunks() {
		n := s.stream(s.Steps[i])
		text[n] = append(text[n], chunk...)
	}
	return text
}

// textSource makes the bytes of one stream. None is the parenthesis with which
// marks begin. A stream with an alphabet has no empty lines, because the decoder
// of a shared log could not tell whose line such a line is.
type textSource struct {
	random   *rand.Rand
	mean     int
	alphabet int
	last     byte
}

func newTextSource(s *outputScript, stream int) *textSource {
	return &textSource{rand.New(rand.NewPCG(s.Seed, uint64(stream))), s.LineMean, s.Alphabet[stream], '\n'}
}

func (t *textSource) take(size int) []byte {
	text := make([]byte, size)
	for i := range text {
		text[i] = t.next()
		t.last = text[i]
	}
	return text
}

func (t *textSource) next() byte {
	if t.random.IntN(t.mean+1) == 0 && (t.alphabet == ownLog || t.last != '\n') {
		return '\n'
	}
	for {
		b := byte(t.random.Uint32())
		if t.alphabet != ownLog {
			b = b - b%alphabets + byte(t.alphabet)
		}
		if b != '(' && b != '\n' {
			return b
		}
	}
}

// actWriteScript writes what a script says. A write that fails because the keeper
// was killed is tried again.
func actWriteScript(args []string) {
	signal.Ignore(syscall.SIGPIPE)
	text, err := os.ReadFile(args[0])
	check(err)
	var s outputScript
	check(json.Unmarshal(text, &s))
	progress, err := os.OpenFile(s.Progress, os.O_WRONLY, 0)
	check(err)
	control, err := os.OpenFile(s.Control, os.O_WRONLY, 0)
	check(err)
	var written [2]uint64
	for i, chunk := range s.makeChunks() {
		step := s.Steps[i]
		if step.Mark {
			_, err := control.Write([]byte{'.'})
			check(err)
		}
		<-time.After(step.Pause)
		fd := 1
		if step.Stderr {
			fd = 2
		}
		for len(chunk) > 0 {
			n, err := unix.Write(fd, chunk)
			if err != nil {
				<-time.After(time.Millisecond)
				continue
			}
			chunk = chunk[n:]
			written[s.stream(step)] += uint64(n)
			var number [8]byte
			binary.NativeEndian.PutUint64(number[:], written[s.stream(step)])
			_, err = progress.WriteAt(number[:], int64(8*s.stream(step)))
			check(err)
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// readProgress returns how many bytes a process has written to each stream. It may
// have written one step more, of which it could not tell.
func (s *outputScript) readProgress() (written [2]int) {
	text, err := os.ReadFile(s.Progress)
	check(err)
	var numbers [2]uint64
	check(binary.Read(bytes.NewReader(append(text, make([]byte, 16)...)), binary.NativeEndian, &numbers))
	return [2]int{int(numbers[0]), int(numbers[1])}
}

// longestStep is the size of the largest write.
func (s *outputScript) longestStep() (size int) {
	for _, step := range s.Steps {
		size = max(size, step.Size)
	}
	return size
}
