package spelling

import "strings"

// Nearest returns the known word that is most similar to word, for a "did you
// mean". A word that differs only in case wins. Otherwise one letter may differ,
// in a word of 7 letters two, and in a word of 12 letters three; of equally similar
// words the first wins. A short word that begins with another letter is another
// word and no slip: "top" is not near "stop".
func Nearest(word string, known []string) (string, bool) {
	for _, k := range known {
		if strings.EqualFold(word, k) {
			return k, true
		}
	}
	if len(word) < 2 || len(word) > 100 {
		return "", false // too little to go by, or no slip of a key
	}
	best, least := "", allowedEdits(len(word))+1
	for _, k := range known {
		if len(word) < sureLength && !beginsAlike(word, k) {
			continue
		}
		if d := editDistance(word, k); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

// sureLength is the number of letters from which two words with one different
// letter are near, whichever letter it is.
const sureLength = 5

// allowedEdits returns how many letters of a word of that length may differ.
func allowedEdits(length int) int {
	switch {
	case length < 7:
		return 1
	case length < 12:
		return 2
	}
	return 3
}

// beginsAlike reports whether two words have the same first letter, or their
// first two letters swapped.
func beginsAlike(a, b string) bool {
	return b != "" && (a[0] == b[0] || len(b) > 1 && a[0] == b[1] && a[1] == b[0])
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b.
func editDistance(a, b string) int {
	before := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
