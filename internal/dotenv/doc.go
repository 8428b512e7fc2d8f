// Package dotenv reads the files of environment variables that Docker Compose
// reads with the key env_file. [Parse] gives each variable the value that Compose
// gives it, or refuses the line. It never returns another value than Compose.
//
// The package starts nothing and opens nothing: the caller gives the text, and a
// function that looks up variables.
package dotenv

// The files, in the order in which a line passes through them:
//
//	parse.go   Parse: the file, line by line; names
//	value.go   values: quotation marks, comments, escapes
//	expand.go  $NAME and ${NAME} in a value
