package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"initiator/internal/statedir"
)

// Verify reads an archive, which may be compressed with gzip, to its end, and checks
// every byte of it. Errors: ErrForeign, ErrCut, *DamageError, an error of r.
func Verify(r io.Reader) (Manifest, error) {
	return readArchive(r, func(_ string, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
}

// readArchive passes each file of an archive to take, which reads its content to the
// end, and then checks all files against the manifest. Nothing that take got may be
// used before readArchive returns without an error.
func readArchive(r io.Reader, take func(name string, content io.Reader) error) (Manifest, error) {
	in, err := unzipReader(r)
	if err != nil {
		return Manifest{}, err
	}
	files := tar.NewReader(in)
	var got []FileSum
	known := map[string]bool{}
	for {
		h, err := files.Next()
		if err != nil {
			return Manifest{}, explainEnd(err, len(got) > 0)
		}
		switch {
		case h.Typeflag == tar.TypeReg && h.Name == manifestName:
			m, err := readManifest(files, got)
			if err == nil {
				_, err = io.Copy(io.Discard, in) // the checksum of gzip stands at its end
				err = explainEnd(err, true)
			}
			return m, err
		case h.Typeflag != tar.TypeReg || !belongsInArchive(h.Name) || known[h.Name]:
			return Manifest{}, ErrForeign
		}
		sum := crc32.New(castagnoli)
		if err := take(h.Name, io.TeeReader(files, sum)); err != nil {
			return Manifest{}, explainEnd(err, true)
		}
		got, known[h.Name] = append(got, FileSum{h.Name, h.Size, sum.Sum32()}), true
	}
}

// unzipReader returns a reader of the archive in r, which gzip may have compressed.
func unzipReader(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	begin, err := in.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(begin, []byte{0x1f, 0x8b}) {
		zipped, err := gzip.NewReader(in)
		return zipped, explainEnd(err, true)
	}
	if !beginsArchive(string(begin)) {
		return nil, ErrForeign
	}
	return in, nil
}

// beginsArchive reports whether an archive may begin with these bytes: with the name
// of its first file.
func beginsArchive(begin string) bool {
	for _, name := range append(slices.Clone(statedir.FilesOfTasks), "tasks.", manifestName) {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return false
}

// explainEnd says what an error of the reading means for the archive; nil for nil.
// known says that the file has begun as an archive.
func explainEnd(err error, known bool) error {
	switch {
	case errors.Is(err, tar.ErrHeader) && !known:
		return ErrForeign
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	case errors.Is(err, tar.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return &DamageError{"a part of the archive"}
	}
	return err
}

// readManifest reads the manifest and compares it with the files that were read.
func readManifest(r io.Reader, got []FileSum) (Manifest, error) {
	text, err := io.ReadAll(io.LimitReader(r, manifestLimit))
	if err != nil {
		return Manifest{}, explainEnd(err, true)
	}
	m, err := parseManifest(text)
	if err != nil {
		return m, err
	}
	for i, want := range m.Files {
		if i >= len(got) || got[i] != want {
			return m, &DamageError{want.Name}
		}
	}
	if len(got) > len(m.Files) {
		return m, &DamageError{got[len(m.Files)].Name}
	}
	return m, nil
}

// parseManifest reads the text of a manifest.
func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if json.Unmarshal(text, &m) != nil {
		return m, &DamageError{manifestName}
	}
	if m.What != manifestWhat {
		return m, ErrForeign
	}
	if m.Version > manifestVersion {
		return m, fmt.Errorf("it was written by a newer version (%s, format %d; this one reads %d)", m.Program, m.Version, manifestVersion)
	}
	return m, nil
}
