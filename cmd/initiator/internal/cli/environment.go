package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// withoutEnvironment are the flags that no environment variable sets: the
// environment of every worker has variables of these names, with another
// meaning.
var withoutEnvironment = map[string]bool{"guid": true, "port": true, "help": true}

// environmentName returns the variable of a flag: INITIATOR_STATE_DIR for
// --state-dir.
func environmentName(flag string) string {
	return "INITIATOR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFromEnvironment sets every flag that was not given from its environment
// variable. An empty variable counts as unset.
func setFromEnvironment(cmd *cobra.Command) error {
	var fault error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value := os.Getenv(environmentName(f.Name))
		if f.Changed || value == "" || withoutEnvironment[f.Name] || fault != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			fault = UsageFault(fmt.Errorf("%s=%s: %w", environmentName(f.Name), value, trimFlagName(err)))
		}
	})
	return fault
}

// trimFlagName removes pflag's words from an error: they name a flag that was
// not given.
func trimFlagName(err error) error {
	if _, rest, ok := strings.Cut(err.Error(), " flag: "); ok {
		return fmt.Errorf("%s", rest)
	}
	return err
}
