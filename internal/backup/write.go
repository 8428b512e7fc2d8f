package backup

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"initiator/internal/queue/store"
	"initiator/internal/statedir"
)

// WriteState writes an archive of the state directory dir to w. snapshot lists the
// task files as of one commit; it may be called several times. program is the version of the
// program. After an error w has no complete archive. WriteState holds a part of one
// file in memory at a time.
func WriteState(w io.Writer, dir, program string, snapshot func() ([]store.SegmentCopy, error)) (err error) {
	a := archive{tar: tar.NewWriter(w), manifest: Manifest{Version: manifestVersion, What: manifestWhat, Program: program, At: time.Now()}}
	// The ticks are read before the tasks: a tick between the two reads is then
	// submitted once more after a restore, and would otherwise be lost.
	small, err := readSmallFiles(dir)
	if err != nil {
		return err
	}
	tasks, err := openTaskFiles(dir, snapshot)
	if err != nil {
		return err
	}
	defer closeFiles(tasks)
	for _, f := range small {
		if err := a.addFile(f.name, int64(len(f.content)), bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	for _, t := range tasks {
		if err := a.addFile(t.Name, t.Size, t.file); err != nil {
			return err
		}
	}
	return a.addManifest()
}

// taskFile is a task file that is open for reading.
type taskFile struct {
	store.SegmentCopy
	file *os.File
}

// snapshotTries bounds how often a snapshot is taken again because compaction has
// removed a file before it was opened.
const snapshotTries = 10

// openTaskFiles opens the files of a snapshot. Once they are open, their removal by
// compaction does not matter.
func openTaskFiles(dir string, snapshot func() ([]store.SegmentCopy, error)) ([]taskFile, error) {
	for try := 1; ; try++ {
		copies, err := snapshot()
		if err != nil {
			return nil, err
		}
		open, err := openCopies(dir, copies)
		if err == nil || try == snapshotTries || !errors.Is(err, fs.ErrNotExist) {
			return open, err
		}
	}
}

// openCopies opens every file, or none.
func openCopies(dir string, copies []store.SegmentCopy) (open []taskFile, err error) {
	for _, c := range copies {
		f, err := os.Open(filepath.Join(dir, c.Name))
		if err != nil {
			closeFiles(open)
			return nil, fmt.Errorf("open the tasks: %w", err)
		}
		open = append(open, taskFile{c, f})
	}
	return open, nil
}

func closeFiles(open []taskFile) {
	for _, t := range open {
		_ = t.file.Close() // it was only read
	}
}

// smallFile is a small file of a state directory.
type smallFile struct {
	name    string
	content []byte
}

// readSmallFiles reads the small files that belong to the tasks, where they exist.
func readSmallFiles(dir string) (list []smallFile, err error) {
	for _, name := range statedir.FilesOfTasks {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the state: %w", err)
		}
		list = append(list, smallFile{name, content})
	}
	return list, nil
}

// archive is an archive that is being written.
type archive struct {
	tar      *tar.Writer
	manifest Manifest
}

// addFile appends the first size bytes of a file.
func (a *archive) addFile(name string, size int64, content io.ReaderAt) error {
	if err := a.addHeader(name, size); err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(a.tar, sum), io.NewSectionReader(content, 0, size))
	if err == nil && n < size {
		err = fmt.Errorf("it has %d bytes, and %d were written to it: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	a.manifest.Files = append(a.manifest.Files, FileSum{name, size, sum.Sum32()})
	return nil
}

func (a *archive) addHeader(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: a.manifest.At.Truncate(time.Second), Typeflag: tar.TypeReg})
}

// addManifest ends the archive.
func (a *archive) addManifest() error {
	text, err := json.Marshal(a.manifest)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	text = append(text, '\n')
	if err := a.addHeader(manifestName, int64(len(text))); err != nil {
		return err
	}
	if _, err := a.tar.Write(text); err != nil {
		return err
	}
	return a.tar.Close()
}
