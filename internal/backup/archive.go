package backup

import (
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"sync"
	"time"

	"initiator/internal/statedir"
)

const (
	manifestName    = "backup.json"
	manifestWhat    = "initiator backup"
	manifestVersion = 1
	// manifestLimit bounds a manifest in bytes. An entry has about 70 bytes, and
	// stands for a task file of about 64 MiB.
	manifestLimit = 16 << 20
)

// Manifest ends an archive. In a state directory it is the file backup.json.
type Manifest struct {
	Version int    `json:"version"`
	What    string `json:"what"`       // "initiator backup"
	Program string `json:"written_by"` // the version of the program
	// At is the time of the backup: a task that was acknowledged before is in it.
	At    time.Time `json:"at"`
	Files []FileSum `json:"files"` // in the order of the archive
}

// FileSum describes a file of an archive.
type FileSum struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"`
}

// TotalSize returns the sum of the sizes of the files, in bytes.
func (m *Manifest) TotalSize() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

var (
	// ErrCut reports an archive that ends before its manifest.
	ErrCut = errors.New("it is incomplete: it ends before its last part, so it was cut, or its backup was interrupted")
	// ErrForeign reports a file that is no archive of this package.
	ErrForeign = errors.New("it is not a backup that `initiator backup` has written")
)

// DamageError reports a file of an archive that differs from the manifest.
type DamageError struct{ Name string }

func (e *DamageError) Error() string {
	return fmt.Sprintf("it is damaged: %s in it is not what was written", e.Name)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var taskFileName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^tasks\.[0-9]{8}\.log$`) })

// belongsInArchive reports whether an archive may have a file of this name beside
// the manifest. No other name is written to a state directory.
func belongsInArchive(name string) bool {
	return taskFileName().MatchString(name) || slices.Contains(statedir.FilesOfTasks, name)
}
