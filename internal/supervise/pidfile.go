package supervise

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"initiator/internal/trustedpath"
)

// maxPIDLine is how many bytes the first line of a pidfile may have.
const maxPIDLine = 32

// pidFile returns the path of a worker's pidfile; "" = it has none. A relative path
// is relative to the working directory, as it is to the program.
func (l *loop) pidFile(w *worker) string {
	spec := w.rec.Spec
	if spec.PIDFile == "" {
		return ""
	}
	path := spec.FillText(spec.PIDFile, w.placeholders())
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.workingDir(spec), path)
	}
	return path
}

// readPIDFile returns the pid in a pidfile, or why there is none, in words that
// follow the path and "named no process of this worker: ".
func readPIDFile(path string) (pid int, problem string) {
	f, err := trustedpath.OpenRead(path)
	switch {
	case errors.Is(err, trustedpath.ErrNotRegular):
		return 0, "it is not a regular file"
	case errors.Is(err, fs.ErrNotExist):
		return 0, "the file does not exist"
	case err != nil:
		return 0, err.Error()
	}
	defer func() { _ = f.Close() }() // it was only read
	// One byte more than a line may have shows that the line is too long.
	text, err := io.ReadAll(io.LimitReader(f, maxPIDLine+1))
	if err != nil {
		return 0, err.Error()
	}
	return parsePID(string(text))
}

// parsePID returns the pid in the first line of a pidfile, in which PostgreSQL
// writes more lines. text holds at most one byte more than that line may have.
func parsePID(text string) (pid int, problem string) {
	line, _, ended := strings.Cut(text, "\n")
	if !ended && len(line) > maxPIDLine {
		return 0, fmt.Sprintf("the first line of the file has more than %d bytes", maxPIDLine)
	}
	if line = strings.TrimSpace(line); line == "" {
		return 0, "the file is empty"
	}
	n, err := strconv.ParseUint(line, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Sprintf("the file has %q, which is not a pid", line)
	}
	return int(n), ""
}

// describeBackground returns what became of a program that went to the background,
// for the record of its exit. awaited says that the pidfile at path was to name its
// next main process, and refusal why it did not.
func describeBackground(clean, awaited bool, path, refusal string) string {
	if refusal == "" {
		refusal = "its last process has ended"
	}
	named := fmt.Sprintf("%s named no process of this worker: %s", path, refusal)
	switch {
	case path == "":
		return backgroundAdvice
	case awaited && clean:
		return "the program went to the background, and " + named
	case !awaited:
		return "the program went to the background, and what it left there was ended: pidfile needs Linux and a keeper of this version, which runs when no older keeper has a worker left"
	}
	return named
}
