package initiator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"initiator/internal/statedir"
)

// RotateToken replaces the API's token. Requests and streams that clients have begun
// with the old token end. Callbacks of pools without a callback_secret are signed
// with the key of the new token from now on. It implements api.Control.
func (s *server) RotateToken(ctx context.Context) error {
	s.rotating.Lock()
	defer s.rotating.Unlock()
	token, err := s.dir.RotateToken()
	if err != nil {
		return fmt.Errorf("%w; the old token is still valid", err)
	}
	s.api.ReplaceToken(token)
	s.log.Info("the API has another token; the old one is refused")
	return s.dispatcher.SetCallbackSecret(ctx, callbackSigningKey(token))
}

// RotateToken replaces the API's token in a state directory that no initiator uses.
// While an initiator runs, its API has to be used instead.
func RotateToken(dir string) error {
	state, err := statedir.OpenStopped(dir, Version)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no token: no initiator has ever used the state directory %s", dir)
	}
	if err != nil {
		return err
	}
	defer state.Close()
	_, err = state.RotateToken()
	return err
}

// TokenPath returns the path of the file with the API's token in a state directory.
func TokenPath(dir string) string { return statedir.TokenPath(dir) }
