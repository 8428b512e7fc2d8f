package plan

import "fmt"

// KeyDoc describes one key of the INI, for check, reference and completion.
type KeyDoc struct {
	Section string // "initiator", "worker", "group", "schedule" or "include"
	Name    string
	Type    string // what kind of value, as a person would say it
	Default string // as it would be written; "" = none
	Doc     string // one sentence without its full stop
	// Secret says that no worker sees the value, wherever the file has it, and that
	// no other process inherits the environment variables that the value names.
	Secret bool
}

// KeyDocs returns every key that sections of our own may have, in the order in
// which a reference would list them. It is the table that [Make] reads with,
// so the two cannot disagree.
func KeyDocs() []KeyDoc {
	var docs []KeyDoc
	docs = appendDocs(docs, "initiator", initiatorKeys)
	docs = appendDocs(docs, "worker", workerKeys)
	docs = appendDocs(docs, "group", groupKeys)
	docs = appendDocs(docs, "schedule", scheduleKeys)
	return appendDocs(docs, "include", includeKeys)
}

func appendDocs[S any](docs []KeyDoc, section string, rows []row[S]) []KeyDoc {
	for _, r := range rows {
		r.Section = section
		docs = append(docs, r.KeyDoc)
	}
	return docs
}

// row is one key of a section, which is read into an S.
type row[S any] struct {
	KeyDoc
	set     func(*S, string) error // the error is a valueFault
	get     func(*S) any           // the value, for comparing two plans
	text    func(*S) string        // the value in its normal spelling
	empty   bool                   // an empty value is allowed
	live    bool                   // a change takes effect without a restart
	aliasOf string                 // the key that this is another name of
}

// kind is a type of value: its name for people, how it is read and how it is
// written.
type kind[T any] struct {
	name   string
	parse  func(string) (T, error)
	format func(T) string // writes what parse reads; nil for a text
	empty  bool
}

func (k kind[T]) formatValue(value T) string {
	if k.format == nil {
		return fmt.Sprint(value)
	}
	return k.format(value)
}

// key makes the row of a key that fills one field.
func key[S, T any](name string, k kind[T], standard string, at func(*S) *T, doc string) row[S] {
	return row[S]{
		KeyDoc: KeyDoc{Name: name, Type: k.name, Default: standard, Doc: doc},
		empty:  k.empty,
		get:    func(s *S) any { return *at(s) },
		text:   func(s *S) string { return k.formatValue(*at(s)) },
		set: func(s *S, text string) error {
			value, err := k.parse(text)
			if err == nil {
				*at(s) = value
			}
			return err
		},
	}
}

// withoutRestart marks a key whose change needs no restart of the workers,
// because only the initiator reads it.
func (r row[S]) withoutRestart() row[S] {
	r.live = true
	return r
}

// markSecret marks a secret key; see KeyDoc.Secret.
func (r row[S]) markSecret() row[S] {
	r.Secret = true
	return r
}

func (r row[S]) aliasFor(of string) row[S] {
	r.aliasOf = of
	return r
}

// valueFault says what is wrong with a value, and what would be right.
type valueFault struct{ problem, remedy string }

func (w valueFault) Error() string { return w.problem + "; " + w.remedy }
