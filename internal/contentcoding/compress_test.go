package contentcoding

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
)

func TestDecodeStopsAtLimit(t *testing.T) {
	for _, coding := range []string{Gzip, Zlib, Zstd} {
		small, err := Encode(coding, make([]byte, 10<<20))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(coding, small, 1<<20); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", coding, err)
		}
	}
}

// A decompression bomb costs its reader no more memory than the limit and the
// window of the decoder.
func TestDecompressionBombTakesLittleMemory(t *testing.T) {
	const bomb, limit = 64 << 20, 1 << 20
	for _, coding := range []string{Gzip, Zlib, Zstd} {
		small, err := Encode(coding, make([]byte, bomb))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = Decode(coding, small, limit)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*(limit+zstdWindow) || err == nil {
			t.Errorf("%s: %d bytes of a bomb of %d took %d bytes of memory: %v", coding, len(small), bomb, took, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, coding := range All {
		b, _ := Encode(coding, []byte("seed"))
		f.Add(coding, b)
	}
	f.Fuzz(func(t *testing.T, coding string, data []byte) {
		plain, err := Decode(coding, data, 1<<20)
		if err == nil && coding != None && len(plain) > 1<<20 {
			t.Errorf("%d bytes", len(plain))
		}
	})
}

func TestAccepts(t *testing.T) {
	tests := map[string]bool{"gzip": true, "deflate, GZIP": true, "gzip;q=0.5": true, "gzip; q=0": false, "gzip;q=0.000": false, "br": false, "": false, "gzip;x": false}
	for header, want := range tests {
		if Accepts(header, Gzip) != want {
			t.Errorf("%q: %v", header, !want)
		}
	}
}

// BenchmarkCompression measures each coding with a body of about 80 KB of JSON.
func BenchmarkCompression(b *testing.B) {
	plain := []byte("[0")
	for i := range 1000 {
		plain = fmt.Appendf(plain, `,{"name":"adder","state":"RUNNING","pid":%d,"since":"2026-01-02T03:%02d:%02d.%06dZ"}`, i*7919%32768, i/60%60, i%60, i*104729%1000000)
	}
	plain = append(plain, ']')
	for _, coding := range []string{Gzip, Zstd} {
		small, err := Encode(coding, plain)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(coding+"/compress", func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				if _, err := Encode(coding, plain); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(plain))/float64(len(small)), "ratio")
		})
		b.Run(coding+"/decompress", func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				if _, err := Decode(coding, small, 1<<20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
