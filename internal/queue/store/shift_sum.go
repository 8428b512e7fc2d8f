package store

import "hash/crc32"

// shiftSum returns the change of a CRC-32C by n bytes that follow: the checksum of
// A and B is shiftSum(checksum of A, length of B) ^ checksum of B. This is zlib's
// crc32_combine: a multiplication by x^(8n) modulo the polynomial.
func shiftSum(sum uint32, n int) uint32 {
	factor := uint32(1) << 31 // x^0
	for k := 3; n > 0; n, k = n>>1, k+1 {
		if n&1 != 0 {
			factor = multiplySums(squares[k], factor)
		}
	}
	return multiplySums(factor, sum)
}

// squares has x^(2^k) modulo the polynomial.
var squares = func() (s [36]uint32) {
	s[0] = 1 << 30 // x^1
	for k := 1; k < len(s); k++ {
		s[k] = multiplySums(s[k-1], s[k-1])
	}
	return s
}()

// multiplySums multiplies two polynomials modulo the polynomial of the checksum.
// The highest bit is x^0.
func multiplySums(a, b uint32) (product uint32) {
	for m := uint32(1) << 31; m != 0; m >>= 1 {
		if a&m != 0 {
			product ^= b
		}
		odd := b & 1
		b >>= 1
		if odd != 0 {
			b ^= crc32.Castagnoli
		}
	}
	return product
}
