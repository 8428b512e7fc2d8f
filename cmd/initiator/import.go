package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/plan"
)

const importLong = `Convert a supervisord.conf to an INI of the initiator, with its comments. The INI
is printed on standard output, or written to a new file. Settings that have another
meaning than under supervisord are listed on standard error.

Put the new file beside the old one, since its paths are relative to it. The import
is optional: -c also reads a supervisord.conf.`

func (a *app) importCommand() *cobra.Command {
	var target string
	c := &cobra.Command{
		Use: "import FILE", Short: "Convert a supervisord.conf to an INI", Long: importLong,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.importFile(args[0], target) },
	}
	c.Flags().StringVarP(&target, "write", "w", "", "write the INI into this new `FILE`")
	return c
}

// imported is the answer in JSON.
type imported struct {
	INI     string   `json:"ini"`
	Changes []string `json:"changes"`
}

// importFile prints the INI, or writes it to target, and lists what has changed
// its meaning.
func (a *app) importFile(path, target string) error {
	env, err := cli.PlanEnv()
	if err != nil {
		return err
	}
	ini, changes, err := plan.ImportSupervisord(path, env)
	if err != nil {
		return cli.FileFault(path, err)
	}
	if target != "" {
		if err := writeNew(target, ini); err != nil {
			return err
		}
	}
	if a.Format.JSON {
		return a.Out.WriteJSON(imported{string(ini), append([]string{}, changes...)})
	}
	if target == "" {
		_, _ = fmt.Fprintf(a.Out, "%s", ini)
	}
	for _, c := range changes {
		_, _ = fmt.Fprintln(a.Err, c)
	}
	return a.Out.Err()
}

// writeNew writes a new file. It overwrites nothing: an existing file may have
// been edited.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return cli.NewFault(cli.ExitUsage, fmt.Errorf("write %s: it exists already", path), "name another file, or remove it")
	}
	if err != nil {
		return cli.UsageFault(fmt.Errorf("write the INI: %w", err))
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return fmt.Errorf("write the INI: %w", err)
	}
	return f.Close()
}
