package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagWords are the values of flags with a fixed set of values.
var flagWords = map[string][]string{
	"output":      {"text", "json", "supervisor"},
	"stream":      {"stdout", "stderr", "both"},
	"state":       {"queued", "running", "completed", "failed", "cancelled", "dead"},
	"loglevel":    {"trace", "debug", "info", "warn", "error"},
	"compression": {"none", "gzip", "zstd"},
}

// completeFlags completes the values of the flags of a command and of its
// subcommands. For other flags the shell offers files.
func (a *App) completeFlags(cmd *cobra.Command) {
	offer := func(f *pflag.Flag) {
		var from cobra.CompletionFunc
		switch words, ok := flagWords[f.Name]; {
		case ok:
			from = cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
		case f.Name == "pool":
			from = func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
				return a.CompletePools(cmd, nil, start)
			}
		case f.Name == "main":
			from = func(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
				return a.CompleteNames(cmd, nil, start)
			}
		default:
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, from) // fails only for a flag that does not exist
	}
	cmd.LocalNonPersistentFlags().VisitAll(offer)
	cmd.PersistentFlags().VisitAll(offer)
	for _, sub := range cmd.Commands() {
		a.completeFlags(sub)
	}
}
