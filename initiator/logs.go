package initiator

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"

	"initiator/initiator/api"
	"initiator/initiator/plan"
	"initiator/initiator/supervise"
)

// Logs opens what a worker wrote, by guid or by the name of its definition
// (then that of the definition's first worker). The error is fs.ErrNotExist
// where there is no such worker or no file.
func (in *Initiator) Logs(name string, q api.LogQuery) (io.ReadCloser, error) {
	for _, w := range in.Workers() {
		if w.GUID != name && w.Name != name {
			continue
		}
		path, err := in.logPath(w, q.Stream)
		if err != nil {
			return nil, err
		}
		if q.Follow {
			return follow(path, q.Tail)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("logs of %s: %w", name, err)
		}
		if err := seekTail(f, q.Tail); err != nil {
			f.Close()
			return nil, fmt.Errorf("logs of %s: %w", name, err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("logs of %s: no worker has that name or guid: %w", name, fs.ErrNotExist)
}

func (in *Initiator) logPath(w supervise.Worker, stream string) (string, error) {
	s, ok := in.Plan().Spec(w.Name)
	if !ok {
		return "", fmt.Errorf("logs of %s: its definition is gone: %w", w.Name, fs.ErrNotExist)
	}
	var log plan.Log
	if log = s.Stdout; stream == "stderr" && !s.RedirectStderr {
		log = s.Stderr
	}
	if log.Path == "" || log.Path == "-" {
		return "", fmt.Errorf("logs of %s: its %s is not kept in a file (stdout_logfile, stderr_logfile): %w", w.Name, stream, fs.ErrNotExist)
	}
	return log.At(w.Name, w.GUID, w.Index), nil
}

// tailBlock is how much is read at a time from the end of a file.
const tailBlock = 64 << 10

// seekTail places f before its last n lines; 0 leaves it at the beginning.
func seekTail(f *os.File, n int) error {
	if n <= 0 {
		return nil
	}
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, tailBlock)
	for end := true; at > 0; {
		size := min(at, tailBlock)
		at -= size
		if _, err := f.ReadAt(block[:size], at); err != nil {
			return err
		}
		part := block[:size]
		if end { // the last line's own end does not count
			part = bytes.TrimSuffix(part, []byte("\n"))
			end = false
		}
		for i := bytes.LastIndexByte(part, '\n'); i >= 0; i = bytes.LastIndexByte(part[:i], '\n') {
			if n--; n == 0 {
				_, err := f.Seek(at+int64(i)+1, io.SeekStart)
				return err
			}
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}
