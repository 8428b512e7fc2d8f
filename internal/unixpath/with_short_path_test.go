package unixpath

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLongPathIsReached(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: needs Linux")
	}
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 200))
	path := filepath.Join(dir, "socket")
	listen := func(short string) error {
		l, err := net.Listen("unix", short)
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }()
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		return nil
	}
	if err := WithShortPath(path, listen); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the directory: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WithShortPath(path, listen); err != nil {
		t.Error(err)
	}
}
