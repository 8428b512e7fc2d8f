package proactor

import "encoding/json"

// The headers of a webhook. Their names and meaning come from
// ding.interaction, except Nonce, which only this project has.
const (
	// HeaderChannel holds a decimal integer that must be the same at both ends.
	HeaderChannel = "Channel"
	// HeaderToken holds the session token, or the server's own token.
	HeaderToken = "Token"
	// HeaderNonce asks /ping for a proof in place of showing a token.
	HeaderNonce = "Nonce"
)

// Protocol is the version of the webhooks that this package describes.
const Protocol = 1

// Envelope is the body of every answer of a webhook.
type Envelope struct {
	Success bool   `json:"success"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	// Data is an object, undecoded, or nil, which is written as null.
	Data json.RawMessage `json:"data"`
}
