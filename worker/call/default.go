package call

import (
	"os"
	"strings"
	"sync"

	"initiator/internal/stdinsettings"
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

func newDefaultPool() (*Pool, error) { return FromSettings(processSetting) }

func processSetting(key string) (string, bool) {
	if value, ok := stdinsettings.Lookup(key); ok {
		return value, true
	}
	if key == "worker_token" {
		return "", false // other processes can read an environment
	}
	return os.LookupEnv(strings.ToUpper(key))
}
