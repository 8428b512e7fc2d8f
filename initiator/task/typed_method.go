package task

import "strings"

// Method is the name of a method with the types of its data and of its result.
// A program defines it once, in a package that callers and workers import, with
// [Define]. Values of In and Out are encoded with encoding/json. The zero Method
// names nothing. Methods can be compared and copied.
type Method[In, Out any] struct{ name string }

// Define names a method "POOL.METHOD", or with "POOL" the default method of a
// pool. Here the pool ends at the first dot. It panics when the pool or the
// method is empty, because a package defines its methods as variables.
func Define[In, Out any](name string) Method[In, Out] {
	pool, method, dotted := strings.Cut(name, ".")
	if pool == "" || dotted && method == "" {
		panic("task.Define(\"" + name + "\"): write POOL.METHOD, or POOL for the default method of a pool")
	}
	return Method[In, Out]{name}
}

// String returns the name, as it was defined.
func (m Method[In, Out]) String() string { return m.name }

// WorkerMethod returns the name under which a worker of the pool offers the
// method: the part behind the first dot, or "default" when the name is a pool.
func (m Method[In, Out]) WorkerMethod() string {
	if _, method, dotted := strings.Cut(m.name, "."); dotted {
		return method
	}
	return "default"
}
