package store

// SegmentCopy is one segment as it was at the time of a Snapshot. Its first Size
// bytes do not change any more, because a segment is only appended to. Compaction
// may remove the file; a descriptor that was opened before stays readable.
type SegmentCopy struct {
	Name string // of the file
	Size int64  // bytes up to the last record that counts
}

// Snapshot lists the segments, oldest first. Together the first bytes of the files
// hold every batch whose BatchResult has reported success, and nothing of other
// batches: Open reads from them what it would read after a kill at this moment.
func (s *Store) Snapshot() []SegmentCopy {
	copies := make([]SegmentCopy, 0, len(s.segments))
	for _, seg := range s.segments {
		copies = append(copies, SegmentCopy{seg.fileName(), seg.end})
	}
	return copies
}
