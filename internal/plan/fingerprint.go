package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
)

// Fingerprint returns a short hash of each value with which a process of this
// spec was started. [DiffFingerprints] compares two of them, also between two
// versions of this program, and so tells whether a reload must restart the
// process. Keys that take effect without a restart and keys with their default
// value are left out: a key that a later version adds changes nothing. Self is
// the path of the running executable. A value that names it does not change when
// the program moves.
func Fingerprint(p *Plan, s *Spec, self string) map[string]string {
	marks := map[string]string{}
	mark := func(value any) string { return hashValue(value, self) }
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

// hashValue returns a short hash of a value. Six bytes are enough, because the
// values are not chosen by an attacker.
func hashValue(value any, self string) string {
	text, _ := json.Marshal(value) // plain values always marshal
	if name, _ := json.Marshal(self); self != "" {
		text = bytes.ReplaceAll(text, bytes.Trim(name, `"`), []byte("${initiator:self}"))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// DiffFingerprints returns the keys in which two fingerprints differ, sorted.
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
