package statedir

import (
	"fmt"
	"os"
)

// FilesOfTasks are the small files that belong to the tasks. A backup has them.
var FilesOfTasks = []string{pausedPoolsName, scheduleTicksName}

// RestoringName is a subdirectory in which a restore collects its files. A state
// directory that has it holds a part of a backup.
const RestoringName = "restore.new"

// checkRestoring refuses a state directory whose restore was interrupted.
func (d *Dir) checkRestoring() error {
	if _, err := d.root.Lstat(RestoringName); err == nil {
		return fmt.Errorf("state directory %s has only a part of a backup, because its restore was interrupted: run `initiator restore` again", d.path)
	}
	return nil
}

// OpenForRestore makes the directory where it does not exist, and takes its lock, to
// fill it from a backup. Root does not fill the directory of another user.
func OpenForRestore(path, version string) (*Dir, error) {
	d := &Dir{path: Locate(path), version: version, owner: os.Geteuid(), files: map[string][]byte{}}
	err := d.makeDirectory()
	if err == nil {
		err = d.adoptOwner()
	}
	if err == nil && d.owner != os.Geteuid() {
		err = fmt.Errorf("state directory %s belongs to user %d, whose initiator could not read files of user %d: run the restore as user %d", d.path, d.owner, os.Geteuid(), d.owner)
	}
	if err == nil {
		err = d.start()
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}
