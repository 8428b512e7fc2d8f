package task

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Seconds is a duration. In JSON it is a number of seconds, which every language
// can read and write. A JSON string such as "1m30s" can be read too.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler. It writes a number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Seconds())
}

// UnmarshalJSON implements json.Unmarshaler. It reads a number of seconds or a
// duration in a string, as time.ParseDuration does. A number above 100 years is an
// error.
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

// maxSeconds is 100 years. It keeps a number from overflowing a time.Duration.
const maxSeconds = 100 * 365 * 24 * 3600

// Duration returns s as a time.Duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }
