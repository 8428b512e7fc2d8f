package initiator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// callbackSecret makes the key that signs callbacks of pools without a
// callback_secret. It is made from the API's token and is not the token: whoever
// can check a signature with it may not therefore open the API.
func callbackSecret(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("initiator callback"))
	return hex.EncodeToString(mac.Sum(nil))
}
