// Package repository has the tests that keep comments and documents true: every
// path that they name exists, every file is in the map of its package, and every
// document can be reached from the README. It has no code for other packages.
package repository

// The files of this package:
//
//	tree_test.go       tree: every Go file and document, read once
//	paths_test.go      paths in comments and documents exist
//	filemap_test.go    doc.go names every file of its package
//	documents_test.go  the README leads to every document
//	modules_test.go    the modules for tests stay out of programs
//	prose_test.go      comments name their nouns, and use the glossary's words
