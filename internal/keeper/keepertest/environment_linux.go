package keepertest

import (
	"bytes"
	"os"
	"strconv"
)

// OverwriteEnvironment fills the memory that holds this process's arguments and
// environment with zeros, as nginx and php-fpm do to show a title: the process
// goes on without variables, and /proc shows none.
func OverwriteEnvironment() error {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	from, err := strconv.ParseInt(string(fields[47]), 10, 64) // env_start, field 50
	if err != nil {
		return err
	}
	to, err := strconv.ParseInt(string(fields[48]), 10, 64)
	if err != nil {
		return err
	}
	os.Clearenv() // Go's own copies
	memory, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = memory.Close() }()
	_, err = memory.WriteAt(make([]byte, to-from), from)
	return err
}
