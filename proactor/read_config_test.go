package proactor

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadConfigReadsToTheEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		io.WriteString(w, "[g1]\nlisten_port")
		io.WriteString(w, " = 80\n")
		w.Close()
	}()
	c, err := ReadConfig(t.Context(), r, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, _ := c.Get("g1", "listen_port"); got != "80" {
		t.Errorf("listen_port = %q", got)
	}
}

func TestReadConfigOfAnEmptyStreamIsEmpty(t *testing.T) {
	c, err := ReadConfig(t.Context(), strings.NewReader(""), 0)
	if err != nil || len(c.Sections()) != 0 {
		t.Errorf("got %v, %v", c, err)
	}
}

// A pipe that nobody closes ends in an error and leaves no goroutine behind.
func TestReadConfigDoesNotHangOnASilentPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	_, err = ReadConfig(t.Context(), r, time.Nanosecond)
	var late *ConfigTimeout
	if !errors.As(err, &late) || !os.IsTimeout(err) {
		t.Fatalf("got %v, want a ConfigTimeout", err)
	}
}

func TestReadConfigWaitsThreeSecondsByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		begin := time.Now()
		_, err := ReadConfig(t.Context(), r, 0)
		if waited := time.Since(begin); waited != 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		want := "read configuration: no end of file within 3s; write the INI document and close the stream, or start with </dev/null"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		w.Close() // ends the goroutine that could not be told to stop
	})
}

func TestReadConfigEndsWithItsContext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadConfig(ctx, r, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReadConfigReportsWhatWentWrong(t *testing.T) {
	if _, err := ReadConfig(t.Context(), brokenReader{}, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	_, err := ReadConfig(t.Context(), strings.NewReader("[a]\n= 1\n"), 0)
	if err == nil || !strings.HasPrefix(err.Error(), "stdin:2: a: ") {
		t.Errorf("got %v", err)
	}
	_, err = ReadConfig(t.Context(), endless{}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
		t.Errorf("got %v", err)
	}
}

// endless is a stream that would fill any memory.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}
