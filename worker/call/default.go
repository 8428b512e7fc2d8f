package call

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"initiator/internal/stdinsettings"
	"initiator/proactor"
)

// Default returns the pool of this process. The first call makes it from the
// keys worker_address, worker_timeout, worker_retry_count,
// worker_serialization, worker_compression and worker_token. The value of a key
// is taken from the INI that worker.Main has read on stdin; when the INI lacks
// the key, from the environment, where the name is in capitals, such as
// WORKER_ADDRESS. The token is never taken from the environment. Later calls
// return the same pool, or the same error.
func Default() (*Pool, error) { return defaultPool() }

var defaultPool = sync.OnceValues(newDefaultPool)

func newDefaultPool() (*Pool, error) { return New(Options{Settings: processSetting}) }

func processSetting(key string) (string, bool) {
	if value, ok := stdinsettings.Lookup(key); ok {
		return value, true
	}
	if key == "worker_token" {
		return "", false // other processes can read an environment
	}
	return os.LookupEnv(strings.ToUpper(key))
}

// readSettings returns the addresses and options that the keys name. The error
// holds every invalid key.
func readSettings(get func(key string) (string, bool)) (addresses []string, defaults []Option, err error) {
	text := func(key string) string { v, _ := get(key); return strings.TrimSpace(v) }
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
		defaults = append(defaults, option)
	}
	readKey("worker_timeout", parseTimeout)
	readKey("worker_retry_count", parseRetries)
	readKey("worker_serialization", parseSerialization)
	readKey("worker_compression", func(v string) (Option, error) { return WithCompression(v), nil })
	if token := text("worker_token"); token != "" {
		defaults = append(defaults, WithBearer(func(string) string { return token }))
	}
	return []string{text("worker_address")}, defaults, errors.Join(faults...)
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
