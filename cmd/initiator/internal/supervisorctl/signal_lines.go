package supervisorctl

import (
	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
)

// PrintSignalled prints what supervisorctl prints after a signal, and fails
// when a worker did not run. Without supervisorctl's output it prints nothing.
func PrintSignalled(a *cli.App, all []report.Worker, args []string) error {
	if !a.PrintsLikeSupervisorctl() {
		return nil
	}
	chosen, err := cli.ChooseWorkers(all, args)
	if err != nil {
		return err
	}
	names, code := ProcessNames(all), cli.ExitOK
	for _, w := range chosen {
		line := names[w.GUID] + ": signalled"
		if w.PID == 0 {
			line, code = names[w.GUID]+": ERROR (not running)", ExitNoProcess
		}
		if err := a.Out.WriteLines(line); err != nil {
			return err
		}
	}
	return cli.ExitWith(code)
}
