package call

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/proactor"
)

// FromSettings makes a pool from the keys that [Default] lists. Get returns the
// value of a key and whether the key is set, as worker.Setting does for the
// context of a handler. The error names the invalid keys.
func FromSettings(get func(key string) (string, bool)) (*Pool, error) {
	text := func(key string) string { v, _ := get(key); return strings.TrimSpace(v) }
	o := Options{Addresses: []string{text("worker_address")}}
	var faults []error
	readKey := func(key string, parse func(string) (Option, error)) {
		value := text(key)
		if value == "" {
			return
		}
		option, err := parse(value)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s = %s: %w", key, value, err))
			return
		}
		o.Defaults = append(o.Defaults, option)
	}
	readKey("worker_timeout", parseTimeout)
	readKey("worker_retry_count", parseRetries)
	readKey("worker_serialization", parseSerialization)
	readKey("worker_compression", func(v string) (Option, error) { return WithCompression(v), nil })
	if token := text("worker_token"); token != "" {
		o.Defaults = append(o.Defaults, WithBearer(func(string) string { return token }))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("make a pool: %w", err)
	}
	return New(o)
}

// parseTimeout reads a number of seconds, which may be negative as in toto, or
// a duration.
func parseTimeout(v string) (Option, error) {
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		return WithTimeout(time.Duration(seconds * float64(time.Second))), nil
	}
	d, err := proactor.ParseDuration(v)
	if err != nil {
		return nil, err
	}
	return WithTimeout(d), nil
}

func parseRetries(v string) (Option, error) {
	n, err := strconv.Atoi(v)
	if err != nil {
		return nil, errors.New("use a whole number")
	}
	return WithRetries(n), nil
}

func parseSerialization(v string) (Option, error) {
	if v != "json" && v != JSON.MIME() {
		return nil, errors.New("use json, or make the pool with call.New and call.WithCodec")
	}
	return WithCodec(JSON), nil
}
