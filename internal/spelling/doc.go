// Package spelling guesses which known word a misspelt word stands for.
package spelling
