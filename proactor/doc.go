// Package proactor describes what the initiator and its workers both know: the
// configuration, and the data of the webhooks that they send to each other. It
// makes no decisions.
//
// [ParseConfig] and [ReadConfig] read an INI document as Python's configparser
// does. A [Config] is not changed after it has been made, and may be used by many
// goroutines. Its values are resolved when they are asked for, with [Config.Get]
// or [Config.Entries]. [WriteDocument] writes the document that a worker reads
// on its stdin. Everything that is wrong with a document is reported at once, as
// [Faults].
//
// The types of the webhooks ([Envelope], [ConnectBody], [TaskBody] and others)
// are plain JSON. What they mean is in docs/worker-contract.md.
package proactor

// The files, in the order in which a document is read:
//
//	read_config.go     ReadConfig reads a stream within a limit of time and size
//	lines.go           cuts the bytes into lines; bytes that are not text are faults
//	scan.go            joins continuations; marks comments, headers, keys without a value
//	text.go            white space and lower case, as Python defines them
//	goini.go           reads keys and values with github.com/go-ini/ini
//	config.go          ParseConfig; Config: sections, keys, inheritance from [DEFAULT]
//	merge.go           makes one document of several
//	resolve.go         replaces ${key}, ${section:key} and $$; finds loops
//	duration.go        ParseDuration, and the defaults that both ends must know
//	fault.go           Fault and Faults: what is wrong, where, and what would be right
//	write_document.go  WriteDocument writes the document for a worker's stdin
//
// and the files of the webhooks:
//
//	envelope.go        the headers, and the envelope of every answer
