package keeper

import (
	"fmt"
	"path/filepath"
	"time"

	"pgregory.net/rapid"

	"initiator/internal/logs"
)

// outputFault is what happens while processes write.
type outputFault string

const (
	noFault          outputFault = "nothing happens"
	programKilled    outputFault = "a program is killed"
	initiatorKilled  outputFault = "the initiator is killed"
	initiatorReplace outputFault = "the initiator is killed, and the workers are kept"
	keeperKilled     outputFault = "the keeper is killed"
	keeperReplaced   outputFault = "the keeper is killed, and the workers are kept"
	keeperStopped    outputFault = "the keeper is stopped for a while"
	logMoved         outputFault = "the log is moved and opened again"
)

var outputFaults = []outputFault{
	noFault, programKilled, initiatorKilled, initiatorReplace, keeperKilled, keeperReplaced, keeperStopped, logMoved,
}

// keeps reports whether the processes live on after the fault.
func (f outputFault) keeps() bool { return f == initiatorReplace || f == keeperReplaced }

// outputCase is one run of one or two processes.
type outputCase struct {
	Scripts    []*outputScript
	Shared     bool // all streams have one log
	Timestamps bool
	MaxBytes   int64
	Watched    bool // the lines are sent to the initiator too
	Unread     bool // which reads them at the end only
	Fault      outputFault
}

// maxLogFiles bounds the files of one log. Each rotation costs so many calls, and
// the keeper waits for a log for logPatience only.
const maxLogFiles = 60

// lineMeans are the mean lengths of lines. The last one makes lines that are longer
// than pieceLimit.
var lineMeans = []int{2, 80, 5000, 100_000, 3 * pieceLimit}

func drawOutputCase(t *rapid.T) *outputCase {
	c := &outputCase{
		Shared:     rapid.Bool().Draw(t, "shared"),
		Timestamps: rapid.Bool().Draw(t, "timestamps"),
		Watched:    rapid.Bool().Draw(t, "watched"),
		Unread:     rapid.Bool().Draw(t, "unread"),
		Fault:      rapid.SampledFrom(outputFaults).Draw(t, "fault"),
	}
	processes := rapid.IntRange(1, 2).Draw(t, "processes")
	total := 0
	for i := range processes {
		s := c.drawScript(t, i)
		c.Scripts = append(c.Scripts, s)
		for _, step := range s.Steps {
			total += step.Size
			if c.Timestamps {
				total += step.Size / s.LineMean * len(logs.TimestampLayout)
			}
		}
	}
	if c.Fault != logMoved && rapid.Bool().Draw(t, "rotation") {
		c.MaxBytes = int64(max(1000, total/rapid.IntRange(1, maxLogFiles/3).Draw(t, "files")))
	}
	return c
}

// drawScript draws what process i writes. The fault comes while process 0 writes.
func (c *outputCase) drawScript(t *rapid.T, i int) *outputScript {
	s := &outputScript{
		Seed:     rapid.Uint64().Draw(t, "seed"),
		LineMean: rapid.SampledFrom(lineMeans).Draw(t, "line"),
		Alphabet: [2]int{ownLog, ownLog},
		Redirect: rapid.Bool().Draw(t, "redirect"),
	}
	if c.Shared {
		s.Alphabet = [2]int{2 * i, 2*i + 1}
	}
	sizes := rapid.SampledFrom([]int{9, 5000, 200_000})
	steps := rapid.IntRange(1, 10).Draw(t, "steps")
	mark := rapid.IntRange(0, steps-1).Draw(t, "mark")
	for n := range steps {
		step := outputStep{
			Size:   rapid.IntRange(1, sizes.Draw(t, "sizes")).Draw(t, "size"),
			Pause:  time.Duration(rapid.IntRange(0, 9).Draw(t, "pause")) * time.Millisecond,
			Stderr: rapid.Bool().Draw(t, "stderr"),
			Mark:   i == 0 && n == mark,
		}
		if s.LineMean == 2 {
			step.Size %= 10_000 // each line may have a time
			step.Size++
		}
		s.Steps = append(s.Steps, step)
	}
	if rapid.IntRange(0, 9).Draw(t, "long pause") == 0 { // longer than a line waits for its end
		s.Steps[len(s.Steps)/2].Pause = pieceWait + pieceWait/5
	}
	if s.LineMean > pieceLimit {
		s.Steps[0].Size += pieceLimit
	}
	return s
}

// logPath returns the log of one stream.
func (c *outputCase) logPath(dir string, process, stream int) string {
	switch {
	case c.Shared:
		return filepath.Join(dir, "all.log")
	case stream == 1:
		return filepath.Join(dir, fmt.Sprint("err", process, ".log"))
	}
	return filepath.Join(dir, fmt.Sprint("out", process, ".log"))
}

// mayBeLost returns how many bytes of a stream the kill of the keeper may lose:
// what the keeper had read and not written yet. Where no next keeper opens the
// pipe of a process that lives on, the bytes in the pipe are lost too. Nothing is
// lost by any other fault.
func (c *outputCase) mayBeLost() int {
	const pipe, read = 64 << 10, 64 << 10
	lost := pipe + read + logRoom
	if c.Shared || c.Watched {
		lost += pieceLimit // the beginning of a line waits for its end
	}
	return lost
}
