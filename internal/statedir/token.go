package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"initiator/internal/atomicfile"
	"initiator/internal/webhook"
)

const tokenName = "token"

// TokenPath is the path of the API's token inside a state directory.
func TokenPath(dir string) string { return filepath.Join(dir, tokenName) }

// LoadToken returns the secret that opens the API on TCP. It is made once and
// stays, so that the copy that a client keeps is valid after a restart.
func (d *Dir) LoadToken() (string, error) {
	b, err := d.readSmall(tokenName)
	if token := strings.TrimSpace(string(b)); err == nil && len(token) >= 32 {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.files[tokenName] = b
		return token, d.root.Chmod(tokenName, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the API's token: %w", err)
	}
	return d.RotateToken()
}

// RotateToken stores a new token and returns it. A reader of the file finds the old
// token or the new one.
func (d *Dir) RotateToken() (string, error) {
	token := webhook.NewToken()
	if err := d.replace(tokenName, []byte(token+"\n"), atomicfile.Replace); err != nil {
		return "", fmt.Errorf("store the API's token: %w", err)
	}
	return token, nil
}
