package proactor_test

import (
	"fmt"

	"initiator/proactor"
)

// A program parses an INI document and reads values, whose ${…} are replaced when
// they are asked for.
func Example() {
	document := `
[DEFAULT]
greeting = Hello

[worker:greeter]
name    = world
message = ${greeting}, ${name}!
timeout = 1m30s
`
	config, err := proactor.ParseConfig("greeter.ini", []byte(document))
	if err != nil {
		fmt.Println(err) // every fault of the document, each with its line
		return
	}
	message, ok, err := config.Get("worker:greeter", "message")
	fmt.Println(message, ok, err)

	text, _, _ := config.Get("worker:greeter", "timeout")
	timeout, err := proactor.ParseDuration(text)
	fmt.Println(timeout.Seconds(), err)

	_, ok, err = config.Get("worker:greeter", "colour")
	fmt.Println(ok, err)
	// Output:
	// Hello, world! true <nil>
	// 90 <nil>
	// false <nil>
}
