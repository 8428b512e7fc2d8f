package main

import (
	"io"

	"github.com/spf13/cobra"
)

// app is one invocation: its streams, and the flags that every verb has.
type app struct {
	in       io.Reader
	out, err *screen

	config   string // -c
	stateDir string // --state-dir
	format   format // -o

	guid string // of `up --guid`: a section with the initiator's settings
	port int    // of `up --port`

	// began is set once a verb has its arguments: what fails before that is
	// a fault of usage.
	began bool
}

const rootLong = `Define workers in an INI file. initiator launches them on free ports, keeps
them alive, and hands them tasks.

The INI is the file that -c names, else ./initiator.ini, else
/etc/initiator/initiator.ini. A running initiator is found through the socket
in its state directory.

Every flag has a twin in the environment: INITIATOR_CONFIG for --config,
INITIATOR_STATE_DIR for --state-dir. NO_COLOR is honoured.`

// execute runs the verb that args name and returns the exit code.
func (a *app) execute(args []string) int {
	root := a.root()
	root.SetArgs(tailArgs(args))
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteC()
	return a.report(cmd, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "initiator", Short: "Launch workers, keep them alive, hand them tasks", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			err := twins(cmd)
			a.began = err == nil
			return err
		},
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.config, "config", "c", "", "the INI `FILE`")
	f.StringVar(&a.stateDir, "state-dir", "", "use this `DIR` instead of the INI's state_dir")
	f.VarP(&a.format, "output", "o", "`text`, json or supervisor")
	root.AddGroup(
		&cobra.Group{ID: "house", Title: "The initiator:"},
		&cobra.Group{ID: "worker", Title: "Workers:"},
		&cobra.Group{ID: "task", Title: "Tasks:"},
		&cobra.Group{ID: "supervisorctl", Title: "Words of supervisorctl:"},
	)
	root.AddCommand(
		in("house", a.upCommand(), a.shutdownCommand(), a.upgradeCommand(), a.checkCommand(), a.keysCommand(),
			a.planCommand(), a.reloadCommand(), a.importCommand())...)
	root.AddCommand(
		in("worker", a.statusCommand(), a.launchCommand(), a.logsCommand(), a.eventsCommand(),
			a.orderCommand("start"), a.orderCommand("stop"), a.orderCommand("restart"),
			a.whyCommand(), a.scaleCommand(), a.signalCommand(), a.jobCommand())...)
	root.AddCommand(
		in("task", a.runCommand(), a.taskCommand(), a.callCommand(), a.restCommand("pause"), a.restCommand("resume"))...)
	root.AddCommand(a.supervisorWords()...)
	root.AddCommand(a.versionCommand(), a.upgradeCheckCommand())
	a.completeFlags(root)
	return root
}

func in(group string, verbs ...*cobra.Command) []*cobra.Command {
	for _, v := range verbs {
		v.GroupID = group
	}
	return verbs
}
