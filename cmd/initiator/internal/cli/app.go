package cli

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/plan"
)

// App is one invocation of the program: its streams, and the flags that every
// verb has. It belongs to the goroutine of the verb.
type App struct {
	In       io.Reader
	Out, Err *terminal.Screen

	ConfigPath string       // -c; "" = the default paths
	StateDir   string       // --state-dir; "" = the INI's
	Format     OutputFormat // -o

	GUID string // of `up --guid`: a section with the initiator's settings
	Port int    // of `up --port`

	// Began is set once a verb has its arguments: an error before that is a
	// fault of usage.
	Began bool

	reconnect DurationFlag // --reconnect
	wait      DurationFlag // --wait of a verb that waits for workers

	waitsForSilent bool // see waitsForSilent

	source *plan.Source // the INI, once it was read
	plan   *plan.Plan   // its plan, once it was built
}

// NewApp returns an invocation with the streams of the process.
func NewApp(in, out, err *os.File) *App {
	return &App{In: in, Out: terminal.NewScreen(out), Err: terminal.NewScreen(err)}
}

// PrepareRoot gives the root command the flags that every verb has. A flag that
// is not given takes the value of its environment variable.
func (a *App) PrepareRoot(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetHelpFunc(printHelp)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := setFromEnvironment(cmd)
		a.Began = err == nil
		a.waitsForSilent = waitsForSilent(cmd)
		return err
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.ConfigPath, "config", "c", "", "the INI `FILE`")
	f.StringVar(&a.StateDir, "state-dir", "", "use this `DIR` instead of the INI's state_dir")
	f.VarP(&a.Format, "output", "o", "`text`, json or supervisor")
}

// Execute runs the verb that args name and returns the exit code. Call it after
// all verbs were added to root.
func (a *App) Execute(root *cobra.Command, args []string) int {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		a.completeFlags(root) // only a shell needs it, and it takes a millisecond
	}
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	cmd, err := root.ExecuteC()
	return a.Report(cmd, err)
}
