package keeper

import "unicode/utf8"

// packLines sets Raw when JSON would change bytes of Lines.
func (e *Event) packLines() {
	e.Raw = nil
	for _, line := range e.Lines {
		if utf8.ValidString(line) {
			continue
		}
		for _, line := range e.Lines {
			e.Raw = append(e.Raw, []byte(line))
		}
		return
	}
}

// unpackLines gives Lines the bytes of Raw.
func (e *Event) unpackLines() {
	if len(e.Raw) == len(e.Lines) {
		for i, line := range e.Raw {
			e.Lines[i] = string(line)
		}
	}
	e.Raw = nil
}
