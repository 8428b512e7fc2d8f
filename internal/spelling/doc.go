// Package spelling guesses which known word a misspelt word stands for.
package spelling

// Files:
//
//	nearest.go  Nearest and the edit distance that it compares
//	suggest.go  Suggest: the sentence for a person
