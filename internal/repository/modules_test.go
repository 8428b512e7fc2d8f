package repository

import (
	"strings"
	"testing"
)

// testModules are the modules that only tests may import, so that no program
// contains them.
var testModules = []string{
	"github.com/anishathalye/porcupine", "github.com/compose-spec/compose-go", "github.com/rogpeppe/go-internal",
	"github.com/sirupsen/logrus", "go.uber.org/goleak", "pgregory.net/rapid",
}

func TestTestModulesStayOutOfPrograms(t *testing.T) {
	for _, f := range loadTree(t).goFiles {
		if f.isTest() {
			continue
		}
		for _, spec := range f.syntax.Imports {
			for _, module := range testModules {
				if strings.HasPrefix(strings.Trim(spec.Path.Value, `"`), module) {
					t.Errorf("%s imports %s, which is only for tests", f.path, module)
				}
			}
		}
	}
}
