package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionInfo()
			if a.Format.JSON {
				return a.Out.WriteJSON(v)
			}
			commit := v.Commit
			if commit != "" {
				commit = " " + commit
			}
			return a.Out.WriteLines(fmt.Sprintf("initiator %s%s %s %s/%s", v.Version, commit, v.Go, v.OS, v.Arch))
		},
	}
}

// version is the answer in JSON.
type version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// versionInfo returns what the build records about itself.
func versionInfo() version {
	v := version{Version: initiator.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = terminal.ShortGUID(s.Value)
			}
		}
	}
	return v
}
