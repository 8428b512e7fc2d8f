package supervisord

import (
	"errors"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"initiator/proactor"
)

// IsConfig reports whether data is a configuration of supervisord: it has a
// section that only supervisord knows, and no section of the initiator's own
// dialect.
func IsConfig(data []byte) bool {
	if len(data) > proactor.MaxConfig {
		return false
	}
	sections, _ := parseFile("", string(data))
	theirs := false
	for _, s := range sections {
		switch kindOf(s.Name) {
		case "initiator", "worker", "config", "schedule":
			return false
		case "supervisord", "program", "supervisorctl", "unix_http_server", "inet_http_server":
			theirs = true
		}
	}
	return theirs
}

// Parse parses data, the content of the file at path, and reads the files that
// its [include] names. The error is [proactor.Faults] with everything that
// supervisord would refuse.
func Parse(path string, data []byte, world Environment) (*File, error) {
	here := filepath.Dir(absolutePath(path))
	r := &reader{environment: world, doc: newDocument(), file: &File{Path: path, Here: here}}
	if world.Mark {
		r.file.lookup = world.Lookup
	}
	r.addFile(path, data)
	if len(r.faults) == 0 {
		r.readIncludes(path)
	}
	if len(r.faults) == 0 {
		r.readSettings()
		r.readGroups()
		r.readServers()
		r.readOtherSections()
	}
	if err := r.faults.Err(); err != nil {
		return nil, err
	}
	r.file.Sections = r.doc.all
	errors.As(r.file.Warnings.Err(), &r.file.Warnings) // sorted, without duplicates
	return r.file, nil
}

// reader is the state of one Parse.
type reader struct {
	environment Environment
	doc         *document
	file        *File
	faults      proactor.Faults
}

func (r *reader) addFile(path string, data []byte) {
	fault := func(problem, remedy string) {
		r.faults = append(r.faults, proactor.Fault{File: path, Problem: problem, Remedy: remedy})
	}
	switch {
	case len(data) > proactor.MaxConfig:
		fault(fmt.Sprintf("the file has more than %d bytes", proactor.MaxConfig), "give a configuration")
		return
	case !utf8.Valid(data):
		fault("the file is not UTF-8", "convert it")
		return
	}
	sections, faults := parseFile(path, string(data))
	r.faults = append(r.faults, faults...)
	r.doc.addSections(sections)
}
