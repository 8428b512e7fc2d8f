package main

// change is a task after one of its three commits.
type change struct {
	num  uint64 // grows with every submit, so that neighbours in time are neighbours in the file
	body []byte // the payload; only in the first commit
	head []byte // state, attempts, result; nil = the task is dropped
}

// store is the interface of all candidates. One goroutine uses it.
type store interface {
	commit(batch []change) error
	body(num uint64) ([]byte, error)
	load(each func(num uint64, body, head []byte)) error
	close() error
}
