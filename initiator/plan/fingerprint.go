package plan

import (
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
// key that is new in a later version changes nothing.
func Fingerprint(p *Plan, s *Spec) map[string]string {
	marks := map[string]string{}
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
		markEntries(marks, "config.", s.userEntries())
		markEntries(marks, "DEFAULT.", p.Defaults)
	}
	return marks
}

func markEntries(marks map[string]string, prefix string, entries []Entry) {
	for _, e := range entries {
		marks[prefix+e.Key] = mark(e)
	}
}

// mark shortens a value. Nobody chooses values in order to make two alike.
func mark(value any) string {
	text, _ := json.Marshal(value) // plain values always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// Differs returns the keys in which two fingerprints do, sorted.
func Differs(a, b map[string]string) (keys []string) {
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
