package supervise

import (
	"context"
	"errors"
	"path"
	"strings"

	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/internal/procfs"
)

// SignalWorkers sends a signal to the named workers and changes nothing else.
// names are as in Start.
func (s *Supervisor) SignalWorkers(ctx context.Context, sig int, to report.SignalTarget, names ...string) error {
	return s.askLoop(ctx, func(l *loop) error {
		chosen, err := l.chooseWorkers(names)
		for _, w := range chosen {
			if w.rec.PID != 0 && l.keeper != nil {
				err = errors.Join(err, l.signalWorker(w, sig, to))
			}
		}
		return err
	})
}

// signalWorker sends a signal that is not the stop signal.
func (l *loop) signalWorker(w *worker, sig int, to report.SignalTarget) error {
	if to == report.SignalByRule {
		to, _ = chooseTarget(w.rec.Spec, w.runsShell(), false)
	}
	return l.keeper.Signal(w.guid, w.rec.Incarnation, sig, to == report.SignalMain)
}

// stopTarget returns whom the stop signal reaches, and logs why.
func (l *loop) stopTarget(w *worker) report.SignalTarget {
	to, reason := chooseTarget(w.rec.Spec, w.runsShell(), true)
	l.log.Debug("stop signal", "worker", w.pool.spec.Name, "guid", w.guid, "signal", w.rec.Spec.StopSignal, "to", string(to), "reason", reason)
	return to
}

// chooseTarget returns whom a signal reaches: SignalGroup or SignalMain, and
// why. shell says that the main process is a shell now; stops that it is the
// stop signal.
func chooseTarget(spec *plan.Spec, shell, stops bool) (to report.SignalTarget, reason string) {
	switch {
	case len(spec.Exec) > 0:
		// It must hear of the stop before its tasks do: otherwise it takes their
		// end for a result.
		return report.SignalMain, "an exec worker ends the processes of its tasks itself"
	case spec.FromSupervisord && !stops:
		return report.SignalMain, "supervisorctl's signal reaches the program alone"
	case spec.StopAsGroup == plan.GroupTrue:
		return report.SignalGroup, "stopasgroup = true"
	case spec.StopAsGroup == plan.GroupFalse:
		return report.SignalMain, "stopasgroup = false"
	case shell:
		return report.SignalGroup, "the main process is a shell"
	}
	return report.SignalMain, "the main process is not a shell"
}

// runsShell reports whether the main process is a shell now. Where that is
// unknown, the first word of the command decides.
func (w *worker) runsShell() bool {
	if start, runs := processStart(w.rec.PID); w.rec.PID == 0 || w.startTime != 0 && (!runs || start != w.startTime) {
		return isShell(commandName(w.rec.Spec), nil)
	}
	program := procfs.Executable(w.rec.PID)
	if program == "" {
		program = commandName(w.rec.Spec)
	}
	return isShell(program, procfs.Arguments(w.rec.PID))
}

// commandName returns the program of a definition; "" when the definition has no
// command.
func commandName(spec *plan.Spec) string {
	if len(spec.Command) == 0 {
		return ""
	}
	return spec.Command[0]
}

// shells are the names of shells, without versions.
var shells = map[string]bool{
	"sh": true, "ash": true, "bash": true, "csh": true, "dash": true, "elvish": true, "fish": true, "hush": true, "ksh": true,
	"lksh": true, "mksh": true, "nu": true, "oksh": true, "posh": true, "pwsh": true, "rc": true, "tcsh": true, "yash": true, "zsh": true,
}

// isShell reports whether a program is a shell. BusyBox and Toybox are many
// programs in one file, and argv names the program.
func isShell(program string, argv []string) bool {
	name := programName(program)
	for (name == "busybox" || name == "toybox") && len(argv) > 0 {
		name, argv = programName(argv[0]), argv[1:]
	}
	return shells[name]
}

// programName returns the name of a program without its directory and version: of
// "/opt/zsh-5.9" and of the login shell "-zsh", zsh.
func programName(program string) string {
	name := strings.TrimPrefix(path.Base(program), "-")
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimRight(strings.TrimSuffix(name, "-static"), "0123456789-")
}
