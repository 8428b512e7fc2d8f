package initiator

import (
	"os"
	"path/filepath"
	"testing"
)

// A power failure leaves a small file that was not waited for empty, or full of
// zeros. That must not keep anybody from starting.
func TestSmallFileAfterAPowerFailure(t *testing.T) {
	for name, left := range map[string]string{"empty": "", "zeros": "\x00\x00\x00\x00"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, homeName), []byte(left), 0o600); err != nil {
				t.Fatal(err)
			}
			if h, err := readHome(dir); err != nil || h.Port != 0 {
				t.Errorf("%+v, %v", h, err)
			}
			if err := writeHome(dir, 7); err != nil {
				t.Fatal(err)
			}
			if h, err := readHome(dir); err != nil || h.Port != 7 {
				t.Errorf("then %+v, %v", h, err)
			}
		})
	}
}
