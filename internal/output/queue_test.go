package output

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits for what must come.
const patience = 30 * time.Second

func TestQueueWritesEverythingInOrder(t *testing.T) {
	var got bytes.Buffer
	q := NewQueue(&got)
	var want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(q, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	q.Close(patience)
	if got.String() != want.String() {
		t.Errorf("got %d bytes of %d", got.Len(), want.Len())
	}
	if n, err := q.Write([]byte("late\n")); n != 5 || err != nil {
		t.Error(n, err)
	}
}

// A reader that stops reading blocks no writer. When it reads again, it gets
// the number of dropped lines in place of the gap.
func TestAReaderThatStopsReading(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	q := NewQueue(write)
	const n = 3 * queueLimit / 100
	for i := range n { // would hang for ever if it waited
		fmt.Fprintf(q, "%098d\n", i)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		q.Close(patience)
		write.Close()
	}()
	next, missing := 0, 0
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "initiator | %d lines were dropped here", &missing); err == nil {
			next += missing
			continue
		}
		if lines.Text() != fmt.Sprintf("%098d", next) {
			t.Fatalf("line %q, want %d", lines.Text(), next)
		}
		next++
	}
	<-ended
	if next != n || missing == 0 {
		t.Errorf("%d of %d lines are accounted for, %d as missing", next, n, missing)
	}
}

// TestCloseWaitsForNoReader longer than its grace.
func TestCloseWaitsForNoReader(t *testing.T) {
	read, write := io.Pipe()
	q := NewQueue(write)
	fmt.Fprintln(q, "nobody reads this")
	q.Close(time.Millisecond)
	read.Close() // and the goroutine ends
	<-q.done
}

func TestAnOutputThatIsGone(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	q := NewQueue(write)
	for range 100 {
		fmt.Fprintln(q, "into the void")
	}
	q.Close(patience)
}
