package spelling

import "strings"

// Nearest returns the known word that is most similar to word, for a "did you
// mean". A word that differs only in case wins. Otherwise at most a third of the
// letters may differ, and at least one, and the first of equally similar words wins.
func Nearest(word string, known []string) (string, bool) {
	for _, k := range known {
		if strings.EqualFold(word, k) {
			return k, true
		}
	}
	if len(word) < 2 || len(word) > 100 {
		return "", false // too little to go by, or no slip of a key
	}
	best, least := "", max(len(word)/3, 1)+1
	for _, k := range known {
		if d := editDistance(word, k); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
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
