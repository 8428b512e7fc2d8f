package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
)

// Fingerprint is what a process of this spec was started with, key by key, as
// a few bytes each: with Differs it tells years later, and another version of
// this program, whether a reload would have to restart it. Keys that take
// effect without a restart are not in it, nor those that have their default: a
// key that is new in a later version changes nothing. self is the running
// executable: where a value names it, a program that has moved is no change.
func Fingerprint(p *Plan, s *Spec, self string) map[string]string {
	marks := map[string]string{}
	mark := func(value any) string { return mark(value, self) }
	var standard Spec
	for _, r := range workerKeys {
		if r.aliasOf != "" || r.live {
			continue
		}
		if r.Default != "" {
			_ = r.set(&standard, r.Default) // one that only words can say differs from every value
		}
		if value := r.get(s); !reflect.DeepEqual(value, r.get(&standard)) {
			marks[r.Name] = mark(value)
		}
	}
	marks["directory"] = mark(s.effectiveDir(p))
	if s.Contract { // otherwise it is given no configuration to differ in
		for _, e := range s.userEntries() {
			marks["config."+e.Key] = mark(e)
		}
		for _, e := range p.Defaults {
			marks["DEFAULT."+e.Key] = mark(e)
		}
	}
	return marks
}

// mark shortens a value. Nobody chooses values in order to make two alike.
func mark(value any, self string) string {
	text, _ := json.Marshal(value) // plain values always marshal
	if name, _ := json.Marshal(self); self != "" {
		text = bytes.ReplaceAll(text, bytes.Trim(name, `"`), []byte("${initiator:self}"))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// DiffFingerprints returns the keys in which two fingerprints do, sorted.
func DiffFingerprints(a, b map[string]string) (keys []string) {
	for key, value := range a {
		if b[key] != value {
			keys = append(keys, key)
		}
	}
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
