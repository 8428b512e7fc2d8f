package keeper

import (
	"os"
	"runtime/pprof"
)

func profStart() func() {
	p := os.Getenv("KPROF")
	if p == "" {
		return func() {}
	}
	f, _ := os.Create(p)
	pprof.StartCPUProfile(f)
	return func() { pprof.StopCPUProfile(); f.Close() }
}
