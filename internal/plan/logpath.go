package plan

import (
	"strconv"
	"strings"
)

// PathFor returns the path of the log for one worker. The placeholders {name},
// {guid} and {index} in Path are replaced by the worker's values, so that two
// workers need not share a file. Index counts the workers of a pool from 0.
func (l Log) PathFor(name, guid string, index int) string {
	if !strings.ContainsRune(l.Path, '{') {
		return l.Path
	}
	return strings.NewReplacer("{name}", name, "{guid}", guid, "{index}", strconv.Itoa(index)).Replace(l.Path)
}
