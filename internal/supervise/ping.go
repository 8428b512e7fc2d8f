package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"initiator/proactor"
)

// answerLimit is more than any answer to /ping has, with its head.
const answerLimit = 64 << 10

// request asks a worker whether it is ready. It carries no secret, follows no
// redirect and asks no proxy. The connection is closed by us, and first: closed
// by the worker it would linger on the worker's port, and hold up a program
// that binds anew without SO_REUSEADDR.
func (t *target) request(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.addr)
	if err != nil || t.kind == "tcp" {
		return t.closing(conn, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	path, nonce := t.path, ""
	if t.kind == "webhook" {
		path, nonce = "/ping", proactor.NewToken()
	}
	err = t.ask(conn, path, nonce)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("GET %s: no answer within %s", path, t.timeout)
	}
	return err
}

// closing is the end of a look that wants no more than a connection.
func (t *target) closing(conn net.Conn, err error) error {
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return conn.Close()
}

// ask sends the request and judges the answer.
func (t *target) ask(conn net.Conn, path, nonce string) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+t.addr+"/"+strings.TrimPrefix(path, "/"), nil)
	if err != nil {
		return err
	}
	if nonce != "" {
		req.Header.Set(proactor.HeaderNonce, nonce)
		req.Header.Set(proactor.HeaderChannel, strconv.Itoa(t.channel))
	}
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(conn, answerLimit), 1<<10), req)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer resp.Body.Close()
	if nonce == "" {
		return fine(path, resp.StatusCode)
	}
	return t.proof(resp, nonce)
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
	body, err := io.ReadAll(resp.Body)
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
