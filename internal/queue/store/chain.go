package store

// segmentFacts is what the directory and the header say of a segment.
type segmentFacts struct {
	number    uint32
	before    uint32 // number of the segment before it, 0 = none
	beforeEnd int64  // end of that segment
	noHeader  bool   // the header cannot be read: before and beforeEnd are unknown
}

// role says what a segment is to its store.
type role int

const (
	// counts: the records of the segment count.
	counts role = iota
	// abandoned: its only batch failed, and the next segment does not name it. No
	// record in it was acknowledged.
	abandoned
	// missing: the next segment names it, and an older segment is there. Only the
	// oldest segment is ever removed.
	missing
)

// link is the place of a segment in the chain.
type link struct {
	number uint32
	role   role
	newest bool
	// end is where the segment ends, as the next segment says. 0 = unknown: the
	// segment ends where zeros follow up to the end of the file.
	end int64
}

// linkSegments decides what each segment is. The segments ascend, and so do the
// links. A segment that is missing before the oldest one is no damage: a store
// removes its oldest segments.
func linkSegments(all []segmentFacts) []link {
	var links []link // descending
	var next *segmentFacts
	for i := len(all) - 1; i >= 0; i-- {
		s := &all[i]
		l := link{number: s.number, role: counts, newest: next == nil}
		switch {
		case next == nil || next.noHeader || next.before == 0:
		case next.before == s.number:
			l.end = next.beforeEnd
		case next.before < s.number:
			l.role = abandoned
		default:
			links = append(links, link{number: next.before, role: missing, end: next.beforeEnd})
		}
		links = append(links, l)
		if l.role != abandoned {
			next = s
		}
	}
	for i, j := 0, len(links)-1; i < j; i, j = i+1, j-1 {
		links[i], links[j] = links[j], links[i]
	}
	return links
}
