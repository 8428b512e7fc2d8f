package port

// highest is the last TCP port. A range that ends at 65536, as turberfield's
// own example does, is clamped to it.
const highest = 65535

// next is the lowest port of min … max, both included, that is not taken;
// false when there is none. Pure: it asks taken and nothing else.
func next(min, max int, taken func(int) bool) (int, bool) {
	for p := min; p <= max; p++ {
		if !taken(p) {
			return p, true
		}
	}
	return 0, false
}
