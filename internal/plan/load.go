package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"initiator/proactor"
)

// Load reads a file and the files that its [include] names, and makes the
// plan. A file that is written for supervisord is read as supervisord reads it.
// The error is [proactor.Faults] with the faults of all files, or says that the
// file cannot be read.
func Load(path string, env Env) (*Plan, error) {
	s, err := Read(path, env)
	if err != nil {
		return nil, err
	}
	return s.Plan()
}

// loader collects the documents of a file and its includes.
type loader struct {
	env      Env
	configs  []*proactor.Config
	path     []string        // the files that include the current file, and that file
	seen     map[string]bool // by real path
	faults   proactor.Faults
	warnings []string
}

// makePlan reads keys and values also when lines are faulty, so that all faults
// are reported at once.
func (l *loader) makePlan(cfg *proactor.Config, path string) *draft {
	d := newDraft(cfg, path, l.env)
	d.readSections()
	if d.settled = d.settleAndCheck(l.faults); d.settled {
		d.readEnvFiles()
		d.plan.Warnings = append(d.plan.Warnings, d.plan.Settings.socketWarnings(d.warningAt)...)
	}
	l.faults = append(l.faults, d.faults...)
	d.plan.Warnings = append(l.warnings, d.plan.Warnings...)
	return d
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

func (l *loader) loadFile(path string, data []byte) {
	l.warnings = append(l.warnings, fileWarnings(path)...)
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
		l.loadIncludes(path, cfg)
	}
}

func (l *loader) loadIncludes(path string, cfg *proactor.Config) {
	d := newDraft(cfg, path, l.env)
	var in include
	readSection(d, "include", "include", includeKeys, &in)
	if len(d.faults) == 0 && in.files == nil {
		d.addFault("include", "", "the key files is missing", "write files = conf.d/*.ini")
	}
	for _, pattern := range in.files {
		l.loadPattern(d, strings.ReplaceAll(pattern, selfMark, l.env.Self))
	}
	l.faults = append(l.faults, d.faults...)
}

func (l *loader) loadPattern(d *draft, pattern string) {
	matches, err := filepath.Glob(d.absolutePath(pattern))
	if err != nil {
		d.addFault("include", "files", fmt.Sprintf("%q is not a valid pattern", pattern), "close its bracket, or put a backslash before it")
		return
	}
	if len(matches) == 0 {
		l.reportNoMatch(d, pattern)
	}
	for _, path := range matches {
		l.loadIncluded(d, path)
	}
}

// reportNoMatch reports a named file that does not exist as a fault, and a
// pattern without a match as a warning, because a folder may be empty.
func (l *loader) reportNoMatch(d *draft, pattern string) {
	if strings.ContainsAny(pattern, "*?[") {
		d.addWarning("include", "files", fmt.Sprintf("no file matches %q", pattern))
		l.warnings = append(l.warnings, d.plan.Warnings...)
		d.plan.Warnings = nil
		return
	}
	d.addFault("include", "files", fmt.Sprintf("there is no file %q", pattern), "create it, or remove it here; paths are relative to this file")
}

func (l *loader) loadIncluded(d *draft, path string) {
	if at := slices.Index(l.path, realPath(path)); at >= 0 {
		loop := strings.Join(append(slices.Clone(l.path[at:]), realPath(path)), " → ")
		d.addFault("include", "files", "the files include each other: "+loop, "remove one of these includes")
		return
	}
	if l.seen[realPath(path)] {
		return // two patterns that overlap mean the file once
	}
	data, err := readFile(path)
	if err != nil {
		d.addFault("include", "files", err.Error(), "make it a readable file")
		return
	}
	l.loadFile(l.displayPath(d, path), data)
}

// displayPath returns the path as a person would write it: relative when the path of
// the including file is relative.
func (l *loader) displayPath(d *draft, path string) string {
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
