package statedir

import (
	"fmt"
	"path/filepath"
)

const apiAddressName = "home.json"

var apiAddressKind = fileKind{
	what: "initiator home", version: 1,
	remedy: "it is safe to delete when no worker with on_initiator_exit = keep runs any more: the API then takes a new port",
	loss:   "the API takes a new port, and a worker with on_initiator_exit = keep that has outlived the last initiator does not find it: restart such a worker",
}

// apiAddressFile says where workers that outlive an initiator expect the next
// initiator.
type apiAddressFile struct {
	header
	// Port is the port on which the last initiator served the API and the
	// webhooks.
	Port int `json:"port"`
}

// ReadAPIPort returns the port of the last initiator's API; 0 when no initiator
// has noted one. The error is a *FormatError for a file that cannot be used.
func ReadAPIPort(dir string) (int, error) {
	var f apiAddressFile
	path := filepath.Join(dir, apiAddressName)
	if _, err := readFile(path, &f, apiAddressKind); err != nil {
		return 0, err
	}
	if f.Port < 0 || f.Port > highestPort {
		return 0, apiAddressKind.damaged(path, fmt.Sprintf("names port %d, which does not exist", f.Port))
	}
	return f.Port, nil
}

const highestPort = 65535

// WriteAPIPort notes the port of the API.
func (d *Dir) WriteAPIPort(port int) error {
	return d.writeFile(apiAddressName, apiAddressFile{d.newHeader(apiAddressKind), port})
}
