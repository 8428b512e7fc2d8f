package chirp

import (
	"testing"
)

// BenchmarkPeer sends from one peer to another over the loopback, 64 messages
// on their way from each of four goroutines. libchirp says of itself, for one
// connection without encryption: 55,000 messages/s synchronous, 240,000 not.
func BenchmarkPeer(b *testing.B) {
	for mode, async := range modes {
		b.Run(mode, func(b *testing.B) {
			_, at := newPeer(b, Config{Async: async, Handler: func(*PeerMessage) {}})
			a, _ := newPeer(b, Config{Async: async})
			b.ReportAllocs()
			b.ResetTimer()
			exchange(b.N, 4, 64, func(i int) func() error {
				f := a.Send(numbered(at, i))
				return func() error { return f.Wait(b.Context()) }
			}, func(i int, err error) {
				if err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
