package task

// Output is a part of the text that a task writes while it runs. At is how many
// bytes came before it, so that a gap can be seen.
type Output struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}
