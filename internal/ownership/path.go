package ownership

import (
	"os"
	"path/filepath"
)

// Weakness is a reason for which another user than root and the user of this process
// can change or replace the file at a path.
type Weakness struct {
	Path string // the file, or a directory above it
	By   Other
	Why  string // what is wrong with Path, such as "belongs to user 1000 (alice)"
}

// Other says which other users a Weakness is about.
type Other int

const (
	// AnotherOwner is the user that owns Path.
	AnotherOwner Other = iota
	// EveryUser is every user of the machine.
	EveryUser
	// AnotherGroup is the members of a group.
	AnotherGroup
)

// String returns the path and what is wrong with it.
func (w Weakness) String() string { return w.Path + " " + w.Why }

// Error implements error.
func (w Weakness) Error() string { return w.String() }

// FindWeaknesses returns the weaknesses of the file at path and of the directories
// above it, the file's first. The path must be absolute and have no links in it.
func FindWeaknesses(path string) (found []Weakness, err error) {
	for {
		info, err := os.Lstat(path)
		if err != nil {
			return found, err
		}
		for _, w := range FactsOf(info).findWeaknesses(os.Geteuid(), os.Getegid()) {
			w.Path = path
			found = append(found, w)
		}
		above := filepath.Dir(path)
		if above == path {
			return found, nil
		}
		path = above
	}
}

// CheckPath returns the first weakness of the file at path as an error.
func CheckPath(path string) error {
	found, err := FindWeaknesses(path)
	if len(found) > 0 {
		return found[0]
	}
	return err
}
