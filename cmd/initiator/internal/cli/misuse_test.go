package cli

import (
	"io"
	"testing"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
)

// testCommands returns an invocation, and a root command with a verb for each
// way in which cobra counts arguments.
func testCommands() (*App, *cobra.Command) {
	a := &App{Out: terminal.NewPlainScreen(io.Discard), Err: terminal.NewPlainScreen(io.Discard)}
	root := &cobra.Command{Use: "initiator"}
	a.PrepareRoot(root)
	verb := func(use string, args cobra.PositionalArgs) *cobra.Command {
		return &cobra.Command{Use: use, Args: args, RunE: func(*cobra.Command, []string) error { return nil }}
	}
	up := verb("up [NAME…]", nil)
	up.Flags().Int("port", 0, "")
	task := &cobra.Command{Use: "task", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
	task.AddCommand(verb("list", cobra.NoArgs), verb("wait ID", cobra.ExactArgs(1)))
	root.AddCommand(
		up, task, verb("why NAME…|all", cobra.MinimumNArgs(1)), verb("upgrade [BINARY]", cobra.MaximumNArgs(1)),
		verb("run POOL[.METHOD] [DATA]", cobra.RangeArgs(1, 2)), verb("plan", cobra.NoArgs),
	)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return a, root
}

// Every message of cobra and pflag that explainMisuse reads is provoked here, so
// that a new version with other messages fails a test.
func TestEachMessageOfCobraIsUnderstood(t *testing.T) {
	t.Setenv("INITIATOR_OUTPUT", "")
	for name, c := range map[string]struct {
		args       []string
		want, next string
	}{
		"unknown command": {
			[]string{"pln"},
			`"pln" is not a verb: did you mean plan?`,
			"`initiator --help` lists the verbs, `initiator VERB --help` the flags of a verb",
		},
		"unknown command, nothing near": {
			[]string{"xyzzy"},
			`"xyzzy" is not a verb`,
			"`initiator --help` lists the verbs, `initiator VERB --help` the flags of a verb",
		},
		"verb of another program, near none": {
			[]string{"top"},
			`"top" is not a verb: ` + "`initiator status` shows the workers",
			"`initiator --help` lists the verbs, `initiator VERB --help` the flags of a verb",
		},
		"unknown command of a verb with verbs": {
			[]string{"task", "lst"}, `"lst" is not a verb: did you mean list?`, "`initiator task --help` lists its verbs",
		},
		"unknown command for NoArgs": {
			[]string{"plan", "adder"}, `"adder" is an unexpected argument`, "`initiator plan --help` explains its arguments and flags",
		},
		"requires at least 1 arg(s)": {
			[]string{"why"},
			"NAME…|all is missing",
			"write `initiator why NAME…|all`; `initiator why --help` explains its arguments and flags",
		},
		"accepts 1 arg(s), received 0": {
			[]string{"task", "wait"},
			"ID is missing",
			"write `initiator task wait ID`; `initiator task wait --help` explains its arguments and flags",
		},
		"accepts at most 1 arg(s)": {
			[]string{"upgrade", "one", "two"},
			`"two" is an unexpected argument`,
			"write `initiator upgrade [BINARY]`; `initiator upgrade --help` explains its arguments and flags",
		},
		"accepts between 1 and 2 arg(s)": {
			[]string{"run", "adder", "1", "2"},
			`"2" is an unexpected argument`,
			"write `initiator run POOL[.METHOD] [DATA]`; `initiator run --help` explains its arguments and flags",
		},
		"unknown flag": {
			[]string{"up", "--stat-dir=x"}, "--stat-dir is not a flag: did you mean --state-dir?", "`initiator up --help` explains its arguments and flags",
		},
		"unknown flag, nothing near": {
			[]string{"up", "--xyzzy"}, "--xyzzy is not a flag", "`initiator up --help` explains its arguments and flags",
		},
		"unknown shorthand flag": {
			[]string{"up", "-z"}, "-z is not a flag", "`initiator up --help` explains its arguments and flags",
		},
		"invalid argument of our own flag": {
			[]string{"up", "-o", "yaml"}, "-o, --output yaml: write text, json or supervisor", "`initiator up --help` explains its arguments and flags",
		},
		"invalid argument of a number": {
			[]string{"up", "--port", "many"}, "--port many: write a whole number", "`initiator up --help` explains its arguments and flags",
		},
		"flag needs an argument": {
			[]string{"up", "--port"}, "flag needs an argument: --port", "`initiator up --help` explains its arguments and flags",
		},
	} {
		a, root := testCommands()
		root.SetArgs(c.args)
		cmd, err := root.ExecuteC()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		f := a.Classify(cmd, err)
		if f.Code != ExitUsage || f.Error() != c.want || f.NextStep != c.next {
			t.Errorf("%s: %q says %d %q, %q; want %q, %q", name, err, f.Code, f, f.NextStep, c.want, c.next)
		}
	}
}

// pflag names the flag in its error; the user has set a variable.
func TestAnErrorInTheEnvironmentNamesTheVariable(t *testing.T) {
	t.Setenv("INITIATOR_OUTPUT", "yaml")
	a, root := testCommands()
	root.SetArgs([]string{"plan"})
	cmd, err := root.ExecuteC()
	if err == nil {
		t.Fatal("no error")
	}
	const want = "INITIATOR_OUTPUT=yaml: write text, json or supervisor"
	if f := a.Classify(cmd, err); f.Code != ExitUsage || f.Error() != want {
		t.Errorf("%d %q, want %q", f.Code, f, want)
	}
}
