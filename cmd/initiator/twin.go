package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// twinless are the flags without a twin: the environment of every worker has
// variables of these names, with another meaning.
var twinless = map[string]bool{"guid": true, "port": true, "help": true}

// twin is the variable that stands for a flag: INITIATOR_STATE_DIR for
// --state-dir.
func twin(flag string) string {
	return "INITIATOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// twins sets every flag that was not given from its variable. An empty one is
// none at all.
func twins(cmd *cobra.Command) error {
	var fault error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(twin(f.Name))
		if f.Changed || value == "" || twinless[f.Name] || fault != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			fault = usage(fmt.Errorf("%s=%s: %w", twin(f.Name), value, bareFlag(err)))
		}
	})
	return fault
}

// bareFlag takes off pflag's own words, which name a flag that nobody gave.
func bareFlag(err error) error {
	if _, rest, ok := strings.Cut(err.Error(), " flag: "); ok {
		return fmt.Errorf("%s", rest)
	}
	return err
}
