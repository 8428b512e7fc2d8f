package supervisord

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"initiator/proactor"
)

// include reads what [include] names, once: an [include] in those files is of
// no meaning to supervisord.
func (r *reader) include(path string) {
	if !r.doc.has("include") {
		return
	}
	r.doc.expandHere(r.file.Here)
	c := &context{r: r, section: "include", names: r.outside()}
	if !c.given("files") {
		c.faultAt("", "nothing says what to include", "write files = conf.d/*.conf")
		return
	}
	k, _ := r.doc.find("include", "files")
	base := filepath.Dir(absolute(path))
	for _, pattern := range strings.FieldsFunc(r.file.Real(value(c, "files", "", plain)), isSpace) {
		if !strings.HasPrefix(pattern, "/") {
			pattern = base + "/" + pattern
		}
		r.pattern(c, k, pattern)
	}
}

func (r *reader) pattern(c *context, k Key, pattern string) {
	files := glob(pattern)
	if len(files) == 0 {
		c.warn("files", fmt.Sprintf("no file matches %q", pattern), "")
	}
	for _, path := range files {
		r.included(c, k, path)
	}
}

// included reads one file. One that cannot be opened is passed over, as
// supervisord does, but not without a word.
func (r *reader) included(c *context, k Key, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		c.warn("files", err.Error(), "make it a readable file")
		return
	}
	before := len(r.doc.all)
	r.add(r.shown(path), data)
	for _, s := range r.doc.all[before:] {
		if s.Name == "include" {
			r.file.Warnings = append(r.file.Warnings, proactor.Fault{
				File: s.File, Line: s.Line, Section: s.Name, Problem: "an included file cannot include others", Remedy: fmt.Sprintf("name them at %s:%d", k.File, k.Line),
			})
		}
	}
	r.doc.expandHere(filepath.Dir(path))
}

// shown is the path as a person would write it: relative when the including
// file was given so.
func (r *reader) shown(path string) string {
	if filepath.IsAbs(r.file.Path) {
		return path
	}
	relative, err := filepath.Rel(r.file.Here, path)
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(r.file.Path), relative)
}

// outside are the names that every section can refer to.
func (r *reader) outside() names {
	return names{own: map[string]any{"here": r.file.Here, "host_node_name": r.world.Host}, env: r.environment}
}
