package worker

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Default is the pool of this process, made at the first call of it from the
// keys worker_address, worker_timeout, worker_retry_count,
// worker_serialization, worker_compression and worker_token. Each is looked
// up in the INI that [Main] has read on stdin, and then, but for the token, in
// the environment in capitals, as WORKER_ADDRESS.
func Default() (*Pool, error) { return defaultPool() }

var defaultPool = sync.OnceValues(newDefaultPool)

func newDefaultPool() (*Pool, error) { return PoolFrom(processSetting) }

// mainSettings is the section of the worker that Main runs; nil before that.
var mainSettings atomic.Pointer[func(key string) (string, bool)]

func processSetting(key string) (string, bool) {
	if get := mainSettings.Load(); get != nil {
		if value, ok := (*get)(key); ok {
			return value, true
		}
	}
	if key == "worker_token" {
		return "", false // no secret belongs in an environment
	}
	return os.LookupEnv(strings.ToUpper(key))
}

// PoolFrom makes a pool of the keys that Default knows, as get has them. Inside
// a handler, get may be what [Setting] is with its context.
func PoolFrom(get func(key string) (string, bool)) (*Pool, error) {
	text := func(key string) string { v, _ := get(key); return strings.TrimSpace(v) }
	o := PoolOptions{Addresses: []string{text("worker_address")}}
	var faults []error
	add := func(key string, parse func(string) (CallOption, error)) {
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
	add("worker_timeout", parseTimeout)
	add("worker_retry_count", func(v string) (CallOption, error) {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, errors.New("use a whole number")
		}
		return WithRetries(n), nil
	})
	add("worker_serialization", func(v string) (CallOption, error) {
		if v != "json" && v != JSON.MIME() {
			return nil, errors.New("use json, or make the pool with NewPool and WithCodec")
		}
		return WithCodec(JSON), nil
	})
	add("worker_compression", func(v string) (CallOption, error) { return WithCompression(v), nil })
	if token := text("worker_token"); token != "" {
		o.Defaults = append(o.Defaults, WithBearer(func(string) string { return token }))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("make a pool: %w", err)
	}
	return NewPool(o)
}

// parseTimeout reads toto's seconds, which may be negative, or a duration.
func parseTimeout(v string) (CallOption, error) {
	if seconds, err := strconv.ParseFloat(v, 64); err == nil {
		return WithTimeout(time.Duration(seconds * float64(time.Second))), nil
	}
	d, err := parseDuration(v)
	if err != nil {
		return nil, err
	}
	return WithTimeout(d), nil
}
