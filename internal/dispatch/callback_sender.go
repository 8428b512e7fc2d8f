package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// These are the headers of a callback.
const (
	// HeaderSignature holds "sha256=" and the HMAC-SHA256 of the body in
	// hexadecimal. The key is the pool's callback_secret.
	HeaderSignature = "Initiator-Signature"
	// HeaderTask holds the id of the task, for receivers that do not parse the
	// body.
	HeaderTask = "Initiator-Task"
)

const (
	// callbackTimeout limits one try, from dialling to the end of the answer.
	callbackTimeout = 10 * time.Second
	// maxCallbackAnswer is how many bytes of an answer are read so that its
	// connection can be reused.
	maxCallbackAnswer = bounds.CallbackAnswer
)

// callbackSender sends callbacks.
type callbackSender struct{ http *http.Client }

// newCallbackSender returns a sender that follows no redirect: the record is
// meant for the URL in the task, and a redirected POST often arrives as a GET.
func newCallbackSender() callbackSender {
	return callbackSender{&http.Client{
		Timeout:       callbackTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: callbacksPerHost, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// callbackRejectedError says that the receiver answered with a status other
// than 2xx.
type callbackRejectedError struct{ status int }

func (e *callbackRejectedError) Error() string {
	return fmt.Sprintf("the receiver answered %d", e.status)
}

// isGoneError reports whether the receiver wants no further try: it answered
// 410.
func isGoneError(err error) bool {
	var answer *callbackRejectedError
	return errors.As(err, &answer) && answer.status == http.StatusGone
}

// sendCallback POSTs the record of a task to its callback URL.
func (c callbackSender) sendCallback(ctx context.Context, t task.Task, secret string) error {
	body, err := callbackBody(t)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Callback, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "initiator")
	req.Header.Set(HeaderTask, t.ID.String())
	req.Header.Set(HeaderSignature, SignCallback(secret, body))
	res, err := c.http.Do(req)
	if err != nil {
		return stripURL(err)
	}
	defer func() { _ = res.Body.Close() }() // the body was read, or is not needed
	_, _ = io.CopyN(io.Discard, res.Body, maxCallbackAnswer)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return &callbackRejectedError{res.StatusCode}
	}
	return nil
}

// callbackBody returns the record as the API shows it, without the state of the
// callback.
func callbackBody(t task.Task) ([]byte, error) {
	t.CallbackState = ""
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(t)
	return b.Bytes(), err
}

// stripURL removes the URL from an error. The error is logged, and the query of
// the URL may hold a secret.
func stripURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// SignCallback returns the value of HeaderSignature.
func SignCallback(secret string, body []byte) string {
	return "sha256=" + webhook.HexMAC(secret, body)
}
