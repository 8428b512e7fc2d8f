package cli

import (
	"fmt"
)

// OutputFormat is the value of -o. The zero value is text.
type OutputFormat struct {
	JSON       bool
	Supervisor bool // as supervisorctl prints it; text where supervisorctl has no such output
	Given      bool
}

// String implements pflag.Value.
func (f *OutputFormat) String() string {
	switch {
	case f.JSON:
		return "json"
	case f.Supervisor:
		return "supervisor"
	}
	return "text"
}

// Set implements pflag.Value.
func (f *OutputFormat) Set(s string) error {
	if s != "text" && s != "json" && s != "supervisor" {
		return fmt.Errorf("write text, json or supervisor")
	}
	*f = OutputFormat{JSON: s == "json", Supervisor: s == "supervisor", Given: true}
	return nil
}

// Type implements pflag.Value.
func (f *OutputFormat) Type() string { return "format" }
