package main

import (
	"github.com/spf13/cobra"
	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/supervisorctl"
)

const rootLong = `Define workers in an INI file. initiator launches them on free ports, keeps
them alive, and hands them tasks.

The INI is the file that -c names, else ./initiator.ini, else
/etc/initiator/initiator.ini. A running initiator is found through the socket
in its state directory.

Every flag has a twin in the environment: INITIATOR_CONFIG for --config,
INITIATOR_STATE_DIR for --state-dir. NO_COLOR is honoured.`

// app is one invocation; each verb is a method of it.
type app struct{ *cli.App }

func (a *app) buildRoot() *cobra.Command {
	root := &cobra.Command{Use: "initiator", Short: "Launch workers, keep them alive, hand them tasks", Long: rootLong}
	a.PrepareRoot(root)
	root.AddGroup(
		&cobra.Group{ID: "house", Title: "The initiator:"},
		&cobra.Group{ID: "worker", Title: "Workers:"},
		&cobra.Group{ID: "task", Title: "Tasks:"},
		&cobra.Group{ID: "supervisorctl", Title: "Words of supervisorctl:"},
	)
	root.AddCommand(
		inGroup("house", a.upCommand(), a.shutdownCommand(), a.upgradeCommand(), a.checkCommand(), a.keysCommand(),
			a.planCommand(), a.reloadCommand(), a.importCommand())...)
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

func inGroup(group string, verbs ...*cobra.Command) []*cobra.Command {
	for _, v := range verbs {
		v.GroupID = group
	}
	return verbs
}
