package supervisord

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"initiator/proactor"
)

// readIncludes reads the files that [include] names, once: supervisord ignores
// an [include] in those files.
func (r *reader) readIncludes(path string) {
	if !r.doc.hasSection("include") {
		return
	}
	r.doc.expandHere(r.file.Here)
	c := &sectionReader{r: r, section: "include", names: r.commonNames()}
	if !c.hasKey("files") {
		c.addFaultAt("", "the key files is missing", "write files = conf.d/*.conf")
		return
	}
	k, _ := r.doc.findKey("include", "files")
	base := filepath.Dir(absolutePath(path))
	for _, pattern := range strings.FieldsFunc(r.file.ResolveMarks(readValue(c, "files", "", readText)), isSpace) {
		if !strings.HasPrefix(pattern, "/") {
			pattern = base + "/" + pattern
		}
		r.includePattern(c, k, pattern)
	}
}

func (r *reader) includePattern(c *sectionReader, k Key, pattern string) {
	files := globFiles(pattern)
	if len(files) == 0 {
		c.addWarning("files", fmt.Sprintf("no file matches %q", pattern), "")
	}
	for _, path := range files {
		r.includeFile(c, k, path)
	}
}

// includeFile reads one file. A file that cannot be opened is skipped, as
// supervisord does, but with a warning.
func (r *reader) includeFile(c *sectionReader, k Key, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		c.addWarning("files", err.Error(), "make it a readable file")
		return
	}
	r.file.Settings.Included = append(r.file.Settings.Included, path)
	before := len(r.doc.all)
	r.addFile(r.displayPath(path), data)
	for _, s := range r.doc.all[before:] {
		if s.Name == "include" {
			r.file.Warnings = append(r.file.Warnings, proactor.Fault{
				File: s.File, Line: s.Line, Section: s.Name, Problem: "an included file cannot include others", Remedy: fmt.Sprintf("name them at %s:%d", k.File, k.Line),
			})
		}
	}
	r.doc.expandHere(filepath.Dir(path))
}

// displayPath returns the path as a user would write it: relative when the path
// of the including file is relative.
func (r *reader) displayPath(path string) string {
	if filepath.IsAbs(r.file.Path) {
		return path
	}
	relative, err := filepath.Rel(r.file.Here, path)
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(r.file.Path), relative)
}

// commonNames returns the names that every section can refer to.
func (r *reader) commonNames() names {
	return names{own: map[string]any{"here": r.file.Here, "host_node_name": r.environment.Host}, env: r.lookupVariable}
}
