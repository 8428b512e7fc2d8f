package strictjson

import (
	"fmt"
	"slices"

	"initiator/internal/spelling"
)

// UnknownMemberError is about a member that the reader of an object does not know.
type UnknownMemberError struct {
	Name  string
	Known []string // the members that the reader knows, in their documented order
}

// Error names the member, and the nearest known name or else the known names.
func (e *UnknownMemberError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("unknown member %.100q; no members are expected here", e.Name)
	}
	return fmt.Sprintf("unknown member %.100q; %s", e.Name, spelling.Suggest(e.Name, e.Known))
}

// DuplicateMemberError is about a member that an object has twice.
type DuplicateMemberError struct{ Name string }

// Error names the member.
func (e *DuplicateMemberError) Error() string {
	return fmt.Sprintf("member %q is given twice", e.Name)
}

// CheckMembers checks the names of the members of an object that json.Unmarshal
// has decoded into v, a pointer to a struct, without an error. Names are compared
// exactly: encoding/json also takes "Pool" for "pool". The members of objects
// inside are not checked. The error is an *UnknownMemberError or a
// *DuplicateMemberError for the first such member.
func CheckMembers(data []byte, v any) error {
	known := knownMembers(v)
	given := make([]bool, len(known))
	return eachMember(data, func(name []byte) error {
		i := slices.IndexFunc(known, func(k string) bool { return k == string(name) })
		switch {
		case i < 0:
			return &UnknownMemberError{Name: string(name), Known: known}
		case given[i]:
			return &DuplicateMemberError{Name: known[i]}
		}
		given[i] = true
		return nil
	})
}
