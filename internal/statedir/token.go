package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"initiator/internal/atomicfile"
	"initiator/internal/webhook"
)

const tokenName = "token"

const tokenLoss = "a new token was made: clients over TCP need the new one, and callbacks of pools without a callback_secret have another signature"

// TokenPath is the path of the API's token inside a state directory.
func TokenPath(dir string) string { return filepath.Join(dir, tokenName) }

// LoadToken returns the secret that opens the API on TCP. It is made once and
// stays, so that the copy that a client keeps is valid after a restart. A token
// file that is no token is set aside and described in damaged. So is a new token
// that cannot be stored, which is good for this run. An error is that of a file
// that cannot be read or made private.
func (d *Dir) LoadToken() (token string, damaged []DamagedFile, err error) {
	b, err := d.readSmall(tokenName)
	token = strings.TrimSpace(string(b))
	switch {
	case err == nil && isToken(token):
		d.mu.Lock()
		defer d.mu.Unlock()
		d.files[tokenName] = b
		return token, nil, d.root.Chmod(tokenName, 0o600)
	case err == nil:
		damaged = d.setTokenAside("is not a token")
	case errors.Is(err, syscall.EIO):
		damaged = d.setTokenAside("cannot be read (" + err.Error() + ")")
	case !errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("read the API's token: %w", err)
	}
	token, err = d.RotateToken()
	if err != nil {
		damaged = append(damaged, DamagedFile{tokenName, fmt.Sprintf("%v: clients over TCP cannot read it, and the next start makes another token; make room on the disk and start the initiator again", err)})
	}
	return token, damaged, nil
}

// setTokenAside sets a token file aside that has a problem.
func (d *Dir) setTokenAside(problem string) []DamagedFile {
	return []DamagedFile{d.setAside(&FormatError{Path: TokenPath(d.path), Problem: problem, loss: tokenLoss})}
}

// isToken reports whether a text can be a token that NewToken has made, or that a
// person has written: 32 visible characters or more.
func isToken(text string) bool {
	return len(text) >= 32 && strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// RotateToken stores a new token and returns it, also with an error. A reader of the
// file finds the old token or the new one.
func (d *Dir) RotateToken() (token string, err error) {
	token = webhook.NewToken()
	if err := d.replace(tokenName, []byte(token+"\n"), atomicfile.ReplaceDurably); err != nil {
		return token, fmt.Errorf("store the API's token: %w", err)
	}
	return token, nil
}
