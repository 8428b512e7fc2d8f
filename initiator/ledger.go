package initiator

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/keeper"
)

// The directory kept in the state directory has a file for each worker with
// on_initiator_exit = keep, for the case that the keeper is killed as well. The
// files hold the workers' secrets (0600).
const (
	ledgerName    = "kept"
	ledgerVersion = 1
	ledgerWhat    = "initiator worker"
	ledgerRemedy  = "it is safe to delete once the process that it names (\"pid\") does not run any more: that worker is then started anew"
)

// keptWorker is one file of the ledger.
type keptWorker struct {
	stamp
	Boot        string          `json:"boot"` // the kernel's id of the boot in which this is true
	GUID        string          `json:"guid"`
	Incarnation int             `json:"incarnation"`
	PID         int             `json:"pid"`
	Start       uint64          `json:"start"` // of the process, in ticks since boot
	Memo        json.RawMessage `json:"memo"`
}

// ledger writes those files, in a goroutine of its own: disks can be slow, and
// the supervisor's loop must not be. Of what was noted of a worker meanwhile
// only the newest is written.
type ledger struct {
	dir    string
	boot   string
	log    hclog.Logger
	wake   chan struct{} // holds one token while there is something to write
	broken bool          // the last writing has failed, and it was said

	mu      sync.Mutex
	pending map[string]*keptWorker // nil = to be removed
}

func newLedger(state string, log hclog.Logger) *ledger {
	return &ledger{
		dir: filepath.Join(state, ledgerName), boot: bootID(), log: log,
		wake: make(chan struct{}, 1), pending: map[string]*keptWorker{},
	}
}

// SaveSnapshot implements supervise.SnapshotStore.
func (l *ledger) SaveSnapshot(guid string, incarnation, pid int, start uint64, memo []byte) {
	l.put(guid, &keptWorker{stamp{ledgerVersion, ledgerWhat, Version}, l.boot, guid, incarnation, pid, start, memo})
}

// DeleteSnapshot implements supervise.SnapshotStore.
func (l *ledger) DeleteSnapshot(guid string) { l.put(guid, nil) }

func (l *ledger) put(guid string, k *keptWorker) {
	l.mu.Lock()
	l.pending[guid] = k
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes until over, and then the rest.
func (l *ledger) run(over <-chan struct{}) {
	for {
		select {
		case <-l.wake:
			l.flush()
		case <-over:
			l.flush()
			return
		}
	}
}

// flush writes what is pending. What cannot be written is tried again with the
// next change; a worker is not stopped for it.
func (l *ledger) flush() {
	l.mu.Lock()
	batch := l.pending
	l.pending = map[string]*keptWorker{}
	l.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	err := os.MkdirAll(l.dir, 0o700)
	for guid, k := range batch {
		if failed := l.write(guid, k); failed != nil {
			err = failed
			l.again(guid, k)
		}
	}
	switch {
	case err != nil && !l.broken:
		l.log.Warn("a worker with on_initiator_exit = keep cannot be noted: should the keeper be killed too, it would not be found again", "error", err)
	case err == nil && l.broken:
		l.log.Info("workers with on_initiator_exit = keep can be noted again")
	}
	l.broken = err != nil
}

func (l *ledger) write(guid string, k *keptWorker) error {
	path := filepath.Join(l.dir, guid+".json")
	if k != nil {
		return writeSmall(path, k)
	}
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// again keeps what could not be written, unless there is newer news.
func (l *ledger) again(guid string, k *keptWorker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, newer := l.pending[guid]; !newer {
		l.pending[guid] = k
	}
}

// prune removes what is about nobody that was found.
func (l *ledger) prune(found []keeper.KeptWorker) {
	known := map[string]bool{}
	for _, h := range found {
		known[h.GUID+".json"] = true
	}
	names, _ := os.ReadDir(l.dir)
	for _, name := range names {
		if !known[name.Name()] {
			_ = os.Remove(filepath.Join(l.dir, name.Name())) // it says nothing of use, and would be refused as such
		}
	}
}

// clear removes everything, when every worker has been stopped.
func (l *ledger) clear() error { return os.RemoveAll(l.dir) }

// readLedger lists the workers that may have outlived their keeper: those of
// this boot, since nothing outlives another.
func readLedger(state, boot string) (list []keeper.KeptWorker, err error) {
	names, err := filepath.Glob(filepath.Join(state, ledgerName, "*.json"))
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, path := range names {
		var k keptWorker
		there, err := readSmall(path, &k, stamp{Version: ledgerVersion, What: ledgerWhat}, ledgerRemedy)
		if err == nil && there && k.GUID != strings.TrimSuffix(filepath.Base(path), ".json") {
			err = &StateError{path, "is about another worker than its name says", ledgerRemedy}
		}
		if err != nil {
			faults = append(faults, err)
		} else if there && boot != "" && k.Boot == boot {
			list = append(list, keeper.KeptWorker{GUID: k.GUID, Incarnation: k.Incarnation, PID: k.PID, StartTime: k.Start, Snapshot: k.Memo})
		}
	}
	return list, errors.Join(faults...)
}

// ledgered are the guids of all that the ledger names, whether or not they can
// have outlived anything.
func ledgered(state string) (guids []string) {
	names, _ := filepath.Glob(filepath.Join(state, ledgerName, "*.json")) // only the pattern could be wrong
	for _, path := range names {
		guids = append(guids, strings.TrimSuffix(filepath.Base(path), ".json"))
	}
	return guids
}

// bootID names this boot of the machine; "" where nobody can tell, and then no
// process is ever believed to be one of before.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}
