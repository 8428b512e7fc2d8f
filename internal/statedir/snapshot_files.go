package statedir

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"initiator/internal/keeper"
)

// The directory kept has one file for each worker with on_initiator_exit = keep,
// for the case that the keeper is killed as well. The files hold the workers'
// secrets, so their mode is 0600.
const snapshotsName = "kept"

var snapshotKind = fileKind{
	what: "initiator worker", version: 1,
	remedy: "it is safe to delete once the process that it names (\"pid\") does not run any more: that worker is then started anew",
	loss:   "when the keeper was killed too, the process of that worker is ended and the worker is started anew",
}

// snapshotFile is the snapshot of one worker.
type snapshotFile struct {
	header
	Boot        string          `json:"boot"` // the kernel's id of the boot in which the snapshot is true
	GUID        string          `json:"guid"`
	Incarnation int             `json:"incarnation"`
	PID         int             `json:"pid"`
	Start       uint64          `json:"start"` // of the process, in ticks since boot
	Memo        json.RawMessage `json:"memo"`
}

// ReadSnapshots returns the workers that can have outlived their keeper: those
// with a snapshot of this boot, since no process outlives its boot. CurrentBoot
// names this boot; with another boot ReadSnapshots only checks the files. The
// error joins a *FormatError for each file that cannot be used.
func ReadSnapshots(dir, boot string) (list []keeper.KeptWorker, err error) {
	paths, err := snapshotPaths(dir)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, path := range paths {
		var s snapshotFile
		exists, err := readFile(path, &s, snapshotKind)
		if err == nil && exists && s.GUID != snapshotGUID(path) {
			err = snapshotKind.damaged(path, "is about another worker than its name says")
		}
		if err != nil {
			faults = append(faults, err)
		} else if exists && boot != "" && s.Boot == boot {
			list = append(list, keeper.KeptWorker{GUID: s.GUID, Incarnation: s.Incarnation, PID: s.PID, StartTime: s.Start, Snapshot: s.Memo})
		}
	}
	return list, errors.Join(faults...)
}

func snapshotPaths(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, snapshotsName, "*.json"))
}

func snapshotGUID(path string) string { return strings.TrimSuffix(filepath.Base(path), ".json") }

// CurrentBoot names this boot of the machine. It is "" where the kernel does not
// say, and then no process is taken for a process of an earlier initiator.
func CurrentBoot() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}
