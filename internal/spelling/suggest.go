package spelling

import (
	"fmt"
	"strings"
)

// maxListed is the number of known words that Suggest lists.
const maxListed = 8

// Suggest returns what to write in place of an unknown word: `did you mean "near"?`,
// or the known words where none is similar. It returns "" when no word is known:
// the caller then knows better what to say.
func Suggest(word string, known []string) string {
	if near, ok := Nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) > maxListed:
		return fmt.Sprintf("known names: %s and %d more", strings.Join(known[:maxListed], ", "), len(known)-maxListed)
	}
	return "known names: " + strings.Join(known, ", ")
}
