package main

import (
	"bufio"
	"io"
)

// linesOf passes on the lines of a stream, with their ends, until it ends.
func linesOf(from io.ReadCloser) <-chan string {
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer from.Close()
		for in := bufio.NewReader(from); ; {
			line, err := in.ReadString('\n')
			if line != "" {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}
