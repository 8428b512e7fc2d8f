package main

import (
	"github.com/spf13/cobra"
	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
)

const rootLong = `Define workers in an INI file. initiator starts them on free ports, keeps them
running, and gives them tasks.

The INI is the file that -c names, else ./initiator.ini, else
/etc/initiator/initiator.ini. A running initiator is found through the socket
in its state directory.

Every flag can be set by an environment variable: INITIATOR_CONFIG for --config,
INITIATOR_STATE_DIR for --state-dir. NO_COLOR=1 switches colours off.`

// app is an invocation of the program. Each verb is a method that returns a
// cobra.Command.
type app struct{ *cli.App }

// buildRoot returns the root command with all verbs.
func (a *app) buildRoot() *cobra.Command {
	root := &cobra.Command{Use: "initiator", Short: "Start workers, keep them running, give them tasks", Long: rootLong}
	a.PrepareRoot(root)
	root.AddGroup(
		&cobra.Group{ID: "initiator", Title: "The initiator:"},
		&cobra.Group{ID: "worker", Title: "Workers:"},
		&cobra.Group{ID: "task", Title: "Tasks:"},
		&cobra.Group{ID: "supervisorctl", Title: "Verbs of supervisorctl:"},
	)
	root.AddCommand(
		inGroup("initiator", a.upCommand(), a.shutdownCommand(), a.upgradeCommand(), a.checkCommand(), a.keysCommand(),
			a.planCommand(), a.reloadCommand(), a.tokenCommand(), a.importCommand(), a.backupCommand(), a.restoreCommand())...)
	root.AddCommand(
		inGroup("worker", a.statusCommand(), a.launchCommand(), a.logsCommand(), a.eventsCommand(),
			a.workerVerbCommand("start"), a.workerVerbCommand("stop"), a.workerVerbCommand("restart"),
			a.whyCommand(), a.scaleCommand(), a.signalCommand(), a.jobCommand())...)
	root.AddCommand(
		inGroup("task", a.runCommand(), a.taskCommand(), a.callCommand(), a.pauseCommand("pause"), a.pauseCommand("resume"))...)
	root.AddCommand(inGroup("supervisorctl", supervisorctl.Commands(a.App)...)...)
	root.AddCommand(a.versionCommand(), a.upgradeCheckCommand())
	return root
}

// inGroup puts verbs into a group of the help page.
func inGroup(group string, verbs ...*cobra.Command) []*cobra.Command {
	for _, v := range verbs {
		v.GroupID = group
	}
	return verbs
}
