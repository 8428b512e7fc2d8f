package statedir

import (
	"fmt"
	"os"
	"path/filepath"
)

// FilesOfTasks are the small files that belong to the tasks. A backup has them.
var FilesOfTasks = []string{pausedPoolsName, scheduleTicksName}

// RestoringName is a subdirectory in which a restore collects its files. A state
// directory that has it holds a part of a backup.
const RestoringName = "restore.new"

// checkRestoring refuses a state directory whose restore was interrupted.
func checkRestoring(path string) error {
	if _, err := os.Lstat(filepath.Join(path, RestoringName)); err == nil {
		return fmt.Errorf("state directory %s has only a part of a backup, because its restore was interrupted: run `initiator restore` again", path)
	}
	return nil
}

// OpenForRestore is Open for a directory that is to be filled from a backup.
func OpenForRestore(path, version string) (*Dir, error) { return lockDirectory(path, version) }
