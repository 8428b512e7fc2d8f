package strictjson

import (
	"reflect"
	"strings"
	"sync"
)

// memberNames holds the names of the types that were asked for, which are few.
var memberNames sync.Map // reflect.Type → []string

// knownMembers returns the names of the members of the struct to which v points, in
// the order of its fields. The caller must not change them.
func knownMembers(v any) []string {
	t := reflect.TypeOf(v).Elem()
	if names, ok := memberNames.Load(t); ok {
		return names.([]string)
	}
	names := []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported(), name == "-", f.Anonymous && name == "":
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	memberNames.Store(t, names)
	return names
}
