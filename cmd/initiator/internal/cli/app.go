package cli

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/plan"
)

// App is one invocation: its streams, and the flags that every verb has.
type App struct {
	In       io.Reader
	Out, Err *terminal.Screen

	ConfigPath string       // -c
	StateDir   string       // --state-dir
	Format     OutputFormat // -o

	GUID string // of `up --guid`: a section with the initiator's settings
	Port int    // of `up --port`

	// Began is set once a verb has its arguments: what fails before that is
	// a fault of usage.
	Began bool
}

// PrintsLikeSupervisorctl says whether to print as supervisorctl does: -o supervisor
// was given, or no -o, and the INI is a supervisord.conf, for whose users'
// scripts a name, a state and a pid are at their old places.
func (a *App) PrintsLikeSupervisorctl() bool {
	if a.Format.Given {
		return a.Format.Supervisor
	}
	path, err := a.INIPath()
	return err == nil && plan.IsSupervisord(path)
}

// NewApp returns an invocation with the streams of the process.
func NewApp(in, out, err *os.File) *App {
	return &App{In: in, Out: terminal.NewScreen(out), Err: terminal.NewScreen(err)}
}

// PrepareRoot gives the root command the flags that every verb has, and has
// each flag that was not given read its environment variable.
func (a *App) PrepareRoot(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := setFromEnvironment(cmd)
		a.Began = err == nil
		return err
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.ConfigPath, "config", "c", "", "the INI `FILE`")
	f.StringVar(&a.StateDir, "state-dir", "", "use this `DIR` instead of the INI's state_dir")
	f.VarP(&a.Format, "output", "o", "`text`, json or supervisor")
}

// Execute runs the verb that args name and returns the exit code.
func (a *App) Execute(root *cobra.Command, args []string) int {
	a.completeFlags(root)
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	cmd, err := root.ExecuteC()
	return a.Report(cmd, err)
}
