package task

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Seconds is a duration that JSON shows as a number of seconds, so that any
// language can read and write it. A string such as "1m30s" is read as well.
type Seconds time.Duration

// MarshalJSON writes seconds as a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Seconds())
}

// UnmarshalJSON reads a number of seconds or a Go duration in a string.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("read duration %q: want seconds as a number, or text such as \"1m30s\"", text)
		}
		*s = Seconds(d)
		return nil
	}
	var n float64
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("read duration %s: want seconds as a number, or text such as \"1m30s\"", b)
	}
	if math.Abs(n) > maxSeconds {
		return fmt.Errorf("read duration %v s: more than 100 years", n)
	}
	*s = Seconds(n * float64(time.Second))
	return nil
}

// maxSeconds keeps a float from overflowing a time.Duration.
const maxSeconds = 100 * 365 * 24 * 3600

// Duration returns s as a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }
