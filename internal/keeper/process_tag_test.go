package keeper

import "testing"

func TestProcessTag(t *testing.T) {
	t.Parallel()
	tag := ProcessTag("1:2", "w", 3)
	if tag < tagBase || tag >= 1<<63 {
		t.Errorf("%#x is no limit without an effect", tag)
	}
	if !TagHasMark(tag, "1:2") || TagHasMark(tag, "1:3") || TagHasMark(0, "1:2") || TagHasMark(1<<63, "1:2") {
		t.Errorf("%#x is of another initiator", tag)
	}
	for _, other := range []uint64{ProcessTag("1:3", "w", 3), ProcessTag("1:2", "v", 3), ProcessTag("1:2", "w", 4)} {
		if other == tag {
			t.Errorf("two workers have the tag %#x", tag)
		}
	}
}
