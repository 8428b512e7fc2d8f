package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"initiator/proactor"
)

// Load reads a file and those that its [include] names, and makes the plan. A
// file that is written for supervisord is read as supervisord reads it.
// The error is [proactor.Faults], with the faults of all files, or that the
// file itself cannot be read.
func Load(path string, env Env) (*Plan, error) {
	s, err := Read(path, env)
	if err != nil {
		return nil, err
	}
	return s.Plan()
}

// loader gathers the documents of a file and its includes.
type loader struct {
	env      Env
	configs  []*proactor.Config
	path     []string        // the files that we are inside of
	seen     map[string]bool // by real path
	faults   proactor.Faults
	warnings []string
}

// make judges keys and values also where lines are faulty, so that all is
// reported at once, but contradictions only where every line was understood.
func (l *loader) make(cfg *proactor.Config, path string) *Plan {
	d := newDraft(cfg, path, l.env)
	d.readSections()
	if len(l.faults)+len(d.faults) == 0 {
		d.settle()
		d.check()
	}
	if len(l.faults)+len(d.faults) == 0 {
		d.readEnvFiles()
	}
	l.faults = append(l.faults, d.faults...)
	return d.plan
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read configuration: %s is a directory; name the file in it", path)
	}
	if info.Size() > proactor.MaxConfig {
		return make([]byte, proactor.MaxConfig+1), nil // Parse says it better
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return data, nil
}

func (l *loader) file(path string, data []byte) {
	l.path = append(l.path, realPath(path))
	l.seen[realPath(path)] = true
	defer func() { l.path = l.path[:len(l.path)-1] }()
	cfg, err := proactor.ParseConfig(path, data)
	l.faults = append(l.faults, faultsOf(err)...)
	if cfg == nil {
		return
	}
	l.configs = append(l.configs, cfg.WithoutSection("include"))
	if cfg.Section("include") != nil {
		l.include(path, cfg)
	}
}

func (l *loader) include(path string, cfg *proactor.Config) {
	d := newDraft(cfg, path, l.env)
	var in include
	readSection(d, "include", "include", includeKeys, &in)
	if len(d.faults) == 0 && in.files == nil {
		d.faultAt("include", "", "nothing says what to include", "write files = conf.d/*.ini")
	}
	for _, pattern := range in.files {
		l.pattern(d, strings.ReplaceAll(pattern, selfMark, l.env.Self))
	}
	l.faults = append(l.faults, d.faults...)
}

func (l *loader) pattern(d *draft, pattern string) {
	matches, err := filepath.Glob(d.abs(pattern))
	if err != nil {
		d.faultAt("include", "files", fmt.Sprintf("%q is no pattern", pattern), "close its bracket, or put a backslash before it")
		return
	}
	if len(matches) == 0 {
		l.nothing(d, pattern)
	}
	for _, path := range matches {
		l.included(d, path)
	}
}

// nothing is a fault for a file that was named, and a warning for a folder
// that may well be empty.
func (l *loader) nothing(d *draft, pattern string) {
	if strings.ContainsAny(pattern, "*?[") {
		d.warn("include", "files", fmt.Sprintf("no file matches %q", pattern))
		l.warnings = append(l.warnings, d.plan.Warnings...)
		d.plan.Warnings = nil
		return
	}
	d.faultAt("include", "files", fmt.Sprintf("there is no file %q", pattern), "create it, or remove it here; paths are relative to this file")
}

func (l *loader) included(d *draft, path string) {
	if at := slices.Index(l.path, realPath(path)); at >= 0 {
		loop := strings.Join(append(slices.Clone(l.path[at:]), realPath(path)), " → ")
		d.faultAt("include", "files", "the files include each other: "+loop, "remove one of these includes")
		return
	}
	if l.seen[realPath(path)] {
		return // two patterns that overlap mean the file once
	}
	data, err := readFile(path)
	if err != nil {
		d.faultAt("include", "files", err.Error(), "make it a readable file")
		return
	}
	l.file(l.shown(d, path), data)
}

// shown is the path as a person would write it: relative when the including
// file was given so.
func (l *loader) shown(d *draft, path string) string {
	if filepath.IsAbs(d.plan.File) {
		return path
	}
	relative, err := filepath.Rel(d.plan.Dir, path)
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(d.plan.File), relative)
}

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}
