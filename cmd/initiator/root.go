package main

import (
	"io"

	"github.com/spf13/cobra"
)

// app is one invocation: its streams, and the flags that every verb has.
type app struct {
	In       io.Reader
	Out, Err *Screen

	ConfigPath string       // -c
	StateDir   string       // --state-dir
	Format     OutputFormat // -o

	GUID string // of `up --guid`: a section with the initiator's settings
	Port int    // of `up --port`

	// Began is set once a verb has its arguments: what fails before that is
	// a fault of usage.
	Began bool
}

const rootLong = `Define workers in an INI file. initiator launches them on free ports, keeps
them alive, and hands them tasks.

The INI is the file that -c names, else ./initiator.ini, else
/etc/initiator/initiator.ini. A running initiator is found through the socket
in its state directory.

Every flag has a twin in the environment: INITIATOR_CONFIG for --config,
INITIATOR_STATE_DIR for --state-dir. NO_COLOR is honoured.`

// Execute runs the verb that args name and returns the exit code.
func (a *app) Execute(args []string) int {
	root := a.buildRoot()
	root.SetArgs(ExpandTailArgs(args))
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	cmd, err := root.ExecuteC()
	return a.Report(cmd, err)
}

func (a *app) buildRoot() *cobra.Command {
	root := &cobra.Command{
		Use: "initiator", Short: "Launch workers, keep them alive, hand them tasks", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			err := setFromEnvironment(cmd)
			a.Began = err == nil
			return err
		},
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.ConfigPath, "config", "c", "", "the INI `FILE`")
	f.StringVar(&a.StateDir, "state-dir", "", "use this `DIR` instead of the INI's state_dir")
	f.VarP(&a.Format, "output", "o", "`text`, json or supervisor")
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
	root.AddCommand(a.supervisorWords()...)
	root.AddCommand(a.versionCommand(), a.upgradeCheckCommand())
	a.CompleteFlags(root)
	return root
}

func inGroup(group string, verbs ...*cobra.Command) []*cobra.Command {
	for _, v := range verbs {
		v.GroupID = group
	}
	return verbs
}
