package initiator

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/backup"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
	"initiator/internal/statedir"
)

// openQueue opens the queue of the state directory, or a queue in memory.
func (s *server) openQueue() (queue.Queue, error) {
	if s.config.Ephemeral {
		return queue.NewMemory(defaultRetention()), nil
	}
	sync := s.Plan().Settings.Sync
	q, err := queue.Open(s.dir.Path(), queue.Options{
		Dir: s.dir.TaskFiles(), Sync: store.Sync{Off: sync.Off, Every: sync.Every}, Retention: defaultRetention(), Logger: s.log.Named("tasks"),
		NoteDamage: s.dir.NoteDamage,
		DamageFound: func(reason string) {
			s.problems.Add(damagedNow, reason)
		},
	})
	if err != nil {
		return nil, err
	}
	s.checkTaskFiles = q.CheckFiles
	s.showDamage(q)
	return q, nil
}

// The names of problems with the state directory.
const (
	damagedTasks = "damaged_tasks"       // found by a start, until a person accepts it
	damagedNow   = "damaged_tasks_found" // found while the initiator runs
	damagedState = "damaged_state_file"  // a small file was set aside; one for each file
)

// showDamage makes damage of the task files a problem: of this start, and of earlier
// starts until it is accepted.
func (s *server) showDamage(q *queue.Engine) {
	if q.RepairError() != nil {
		s.unrepaired = q.Damage()
	}
	damage, err := s.dir.ReadDamagedTasks()
	list, err := s.dir.SetAside(err)
	s.addDamagedFiles(list)
	if err != nil {
		s.problems.Add(damagedTasks, err.Error())
		return
	}
	all := damage
	if len(s.unrepaired.Places) > 0 { // nothing may have been written down
		all = damage.Add(s.unrepaired, s.started)
	}
	if !all.IsDamaged() {
		s.problems.Remove(damagedTasks)
		return
	}
	reason := all.Reason()
	if err := q.RepairError(); err != nil {
		reason += fmt.Sprintf(". The files were left as they are, and the next start finds the damage again (%v)", err)
	}
	if s.problems.Add(damagedTasks, reason) && len(q.Damage().Places) == 0 { // else the queue has logged it
		s.log.Error(reason)
	}
}

// CheckTasks implements api.Control.
func (s *server) CheckTasks() (report.TaskCheck, error) {
	damage, err := s.dir.ReadDamagedTasks()
	if err != nil {
		return report.TaskCheck{}, err
	}
	check := newTaskCheck(store.CheckReport{Damage: s.unrepaired.Places}, damage)
	for _, p := range s.problems.All() {
		switch p.Name {
		case damagedNow:
			check.Running = p.Reason
		case restoredProblem:
			check.Restored = p.Reason
		}
	}
	return check, nil
}

// AcceptDamage implements api.Control. Damage that is not repaired stays a problem.
func (s *server) AcceptDamage() (report.TaskCheck, error) {
	check, err := s.CheckTasks()
	if err != nil {
		return check, err
	}
	if err := acceptState(s.dir); err != nil {
		return check, err
	}
	if len(s.unrepaired.Places) == 0 {
		s.problems.Remove(damagedTasks)
	}
	s.problems.Remove(damagedNow)
	s.problems.Remove(restoredProblem)
	return check, nil
}

// acceptState removes what a state directory says of damage and of a restore.
func acceptState(dir *statedir.Dir) error {
	_, err := dir.AcceptDamage()
	return errors.Join(err, backup.RemoveMarker(dir.Path()))
}

// newTaskCheck joins the present damage of the files and the damage found before.
func newTaskCheck(now store.CheckReport, before statedir.DamagedTasks) report.TaskCheck {
	return report.TaskCheck{
		Files: now.Files, Unrepaired: append([]report.Damage{}, now.Damage...), TornEnd: now.TornEnd,
		Repaired: append([]report.Damage{}, before.Places...), Since: before.Since, Changes: before.Changes,
	}
}

// addDamagedFiles makes small files that were set aside a problem of this run.
func (s *server) addDamagedFiles(list []statedir.DamagedFile) {
	for _, f := range list {
		name, _, _ := strings.Cut(f.Name, ".")
		if s.problems.Add(damagedState+"_"+name, f.Reason) {
			s.log.Error(f.Reason)
		}
	}
}

// OpenTasks calls do with the tasks of a state directory that no initiator uses;
// it holds the directory's lock meanwhile. Tasks that do adds are stored when
// OpenTasks returns nil. While an initiator runs, its API has to be used instead.
func OpenTasks(dir string, do func(*queue.Engine) error) (err error) {
	return withStateDir(dir, func(state *statedir.Dir) error {
		q, err := queue.Open(state.Path(), queue.Options{Dir: state.TaskFiles(), NoteDamage: state.NoteDamage})
		if err != nil {
			return err
		}
		return errors.Join(do(q), q.Close())
	})
}

// withStateDir calls do with the lock of a state directory that exists.
func withStateDir(dir string, do func(*statedir.Dir) error) error {
	state, err := statedir.OpenStopped(dir, Version)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there are no tasks: no initiator has ever used the state directory %s", dir)
	}
	if err != nil {
		return err
	}
	defer state.Close()
	return do(state)
}

// CheckTasks reads the task files of a state directory that no initiator uses, and
// changes nothing.
func CheckTasks(dir string) (check report.TaskCheck, err error) {
	err = withStateDir(dir, func(state *statedir.Dir) error {
		check, err = checkTasks(state)
		return err
	})
	return check, err
}

// checkTasks reads the task files of a locked state directory.
func checkTasks(state *statedir.Dir) (check report.TaskCheck, err error) {
	before, err := state.ReadDamagedTasks()
	if err != nil {
		return check, err
	}
	now, err := queue.Check(state.TaskFiles())
	check = newTaskCheck(now, before)
	check.Restored = backup.ReadMarker(state.Path())
	return check, err
}

// RepairTasks repairs the task files of a state directory that no initiator uses,
// as a start does. It returns the damage, present and earlier.
func RepairTasks(dir string) (check report.TaskCheck, err error) {
	err = OpenTasks(dir, func(q *queue.Engine) error {
		if err := q.RepairError(); err != nil {
			return fmt.Errorf("repair the task files: %w", err)
		}
		return q.StorageError()
	})
	if err != nil {
		return check, err
	}
	return CheckTasks(dir)
}

// AcceptDamage ends the report of damage and of a restore in a state directory that
// no initiator uses, and returns the damage. Damage that is not repaired stays.
func AcceptDamage(dir string) (check report.TaskCheck, err error) {
	err = withStateDir(dir, func(state *statedir.Dir) error {
		if check, err = checkTasks(state); err != nil {
			return err
		}
		return acceptState(state)
	})
	return check, err
}
