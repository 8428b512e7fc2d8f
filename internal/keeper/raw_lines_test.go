package keeper

import (
	"bufio"
	"bytes"
	"slices"
	"testing"
)

// TestLinesKeepTheirBytes: an event arrives with the lines that were sent, and with
// a member that an older initiator does not know only where it is needed.
func TestLinesKeepTheirBytes(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{
		nil, {""}, {"a", "<ü>\u2028\r\x00\x1b[2J"}, {"ok", "\xff\xfe", "", "\xc3("}, {"\ufffd"},
	} {
		sent := Event{Kind: KindOutput, Lines: lines}
		sent.packLines()
		frame, err := encodeFrame(sent)
		if err != nil {
			t.Fatal(err)
		}
		e, err := readEvent(bufio.NewReader(bytes.NewReader(frame)))
		if err != nil || !slices.Equal(e.Lines, lines) || e.Raw != nil {
			t.Errorf("%q became %q, %v", lines, e.Lines, err)
		}
		if needed := slices.Contains(lines, "ok"); bytes.Contains(frame, []byte(`"Raw"`)) != needed {
			t.Errorf("%q is sent as %s", lines, frame)
		}
	}
}
