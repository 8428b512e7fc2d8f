package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"initiator/proactor"
)

// answerLimit is more than any answer to /ping has.
const answerLimit = 64 << 10

// newProbeClient follows no redirect, asks no proxy and keeps no connection:
// the dispatcher makes its own once the worker is ready.
func newProbeClient() *http.Client {
	c := proactor.NewHTTP(0)
	c.Transport.(*http.Transport).DisableKeepAlives = true
	return c
}

// request asks a worker whether it is ready. It carries no secret.
func (t *target) request(ctx context.Context, client *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	if t.kind == "tcp" {
		return t.connect(ctx)
	}
	path, nonce := t.path, ""
	if t.kind == "webhook" {
		path, nonce = "/ping", proactor.NewToken()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.addr+"/"+strings.TrimPrefix(path, "/"), nil)
	if err != nil {
		return err
	}
	if nonce != "" {
		req.Header.Set(proactor.HeaderNonce, nonce)
		req.Header.Set(proactor.HeaderChannel, strconv.Itoa(t.channel))
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, bare(err))
	}
	defer resp.Body.Close()
	if nonce == "" {
		return fine(path, resp.StatusCode)
	}
	return t.proof(resp, nonce)
}

// connect asks no more than whether a connection is taken.
func (t *target) connect(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// bare takes off the URL that net/http repeats.
func bare(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// fine: 2xx, and 3xx, for a redirect is the answer of a working server.
func fine(path string, status int) error {
	if status >= 200 && status < 400 {
		return nil
	}
	return fmt.Errorf("GET %s answers %d", path, status)
}

// proof checks that whoever answered knows the token that only this
// incarnation was given on its stdin.
func (t *target) proof(resp *http.Response, nonce string) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("GET /ping: read the answer: %w", err)
	}
	var envelope proactor.Envelope
	var pong proactor.Pong
	if json.Unmarshal(body, &envelope) != nil {
		return fmt.Errorf("GET /ping answers %d without an envelope: is protocol = webhook right for this program?", resp.StatusCode)
	}
	if !envelope.Success {
		return fmt.Errorf("GET /ping answers code %d: %s", envelope.Code, envelope.Message)
	}
	if json.Unmarshal(envelope.Data, &pong) != nil || pong.Proof == "" {
		return errors.New("GET /ping answers without data.proof: a worker of another kind? (protocol = ding, or ready = http:/path)")
	}
	if !proactor.TokenEqual(pong.Proof, proactor.Proof(t.token, nonce, t.guid, t.incarnation)) {
		return errors.New("GET /ping answers with a wrong data.proof: it does not know this worker's token")
	}
	return nil
}
