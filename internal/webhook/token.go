package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// NewToken returns 256 random bits that are safe in URLs and headers: a
// worker's own secret, or the token of one session.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: without randomness the process ends
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// TokenEqual compares two tokens in constant time. An empty token equals no
// token, so that a token that was never set gives no access.
func TokenEqual(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && a != "" && b != ""
}

// Proof is what a worker answers to a nonce: hex HMAC-SHA256, under its own
// token, of nonce, guid and incarnation joined by newlines. It proves to the
// initiator that the process on the port is its own without a secret being
// sent there first.
func Proof(token, nonce, guid string, incarnation int) string {
	return HexMAC(token, []byte(nonce+"\n"+guid+"\n"+strconv.Itoa(incarnation)))
}

// HexMAC returns the HMAC-SHA256 of a message in hexadecimal digits.
func HexMAC(key string, message []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}
