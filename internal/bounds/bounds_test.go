package bounds_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// documentRow is a row of the tables in docs/limits.md: what is limited, the
// constant, and its value.
var documentRow = regexp.MustCompile("(?m)^\\|[^|]+\\| `(\\w+)` \\| ([^|]+) \\|")

// TestDocumentHasEveryLimit compares docs/limits.md with the constants.
func TestDocumentHasEveryLimit(t *testing.T) {
	text, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, m := range documentRow.FindAllStringSubmatch(string(text), -1) {
		if documented[m[1]] != "" {
			t.Errorf("docs/limits.md has two rows for %s", m[1])
		}
		documented[m[1]] = m[2]
	}
	constants := readConstants(t)
	for name, value := range constants {
		if got, err := parseLimit(documented[name]); err != nil || got != value {
			t.Errorf("docs/limits.md has %q for %s, and the code has %d (%v)", documented[name], name, value, err)
		}
	}
	for name := range documented {
		if _, ok := constants[name]; !ok {
			t.Errorf("docs/limits.md has %s, which is no constant of this package", name)
		}
	}
}

// readConstants returns the exported constants of this package.
func readConstants(t *testing.T) map[string]int64 {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "bounds.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	p, err := new(types.Config).Check("bounds", files, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, name := range p.Scope().Names() {
		if c, ok := p.Scope().Lookup(name).(*types.Const); ok && c.Exported() {
			found[name], _ = constant.Int64Val(c.Val())
		}
	}
	return found
}

// parseLimit reads a limit as the document writes it: 64 MiB, 255, 10,000.
func parseLimit(text string) (int64, error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	factor, known := map[string]int64{"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[unit]
	if !known {
		return 0, fmt.Errorf("%q is no unit", unit)
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	return n * factor, err
}
