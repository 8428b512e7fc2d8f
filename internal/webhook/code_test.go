package webhook

import "testing"

// TestCodesAreTheContract repeats the table of the wire contract, so that a
// slip in code.go is noticed.
func TestCodesAreTheContract(t *testing.T) {
	tests := []struct {
		name       string
		code       Code
		number, at int
	}{
		{"success", Success, 0, 200},
		{"shutting down", ShuttingDown, 101, 401},
		{"no channel", NoChannel, 201, 400},
		{"channel differs", WrongChannel, 202, 403},
		{"no token", NoToken, 301, 400},
		{"token differs", WrongToken, 302, 403},
		{"no own token", NoOwnToken, 401, 400},
		{"own token differs", WrongOwnToken, 402, 403},
		{"already connected", AlreadyConnected, 501, 400},
		{"not connected", NotConnected, 502, 400},
		{"connection refused", ConnectionRefused, 503, 403},
		{"disconnection refused", DisconnectionRefused, 504, 403},
		{"no free slot", SlaveBusy, 601, 400},
		{"task refused", TaskRefused, 602, 403},
		{"master: no slave token", NoSlaveToken, 501, 400},
		{"master: unknown slave token", UnknownSlave, 502, 403},
		{"master: task data invalid", BadTask, 601, 200},
		{"body not valid", BadBody, 701, 400},
		{"body too large", BodyTooLarge, 702, 413},
		{"body too slow", BodyTimeout, 703, 408},
		{"not found", NotFound, 704, 404},
		{"method not allowed", MethodNotAllowed, 705, 405},
		{"internal", Internal, 706, 500},
		{"REST: not authorized", Unauthorized, 707, 401},
		{"REST: forbidden", Forbidden, 708, 403},
		{"REST: conflict", Conflict, 709, 409},
		{"REST: queue full", QueueFull, 710, 429},
		{"REST: unavailable", Unavailable, 711, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.code.Number != tt.number || tt.code.Status != tt.at {
				t.Errorf("is %d/%d, the contract has %d/%d", tt.code.Number, tt.code.Status, tt.number, tt.at)
			}
			if tt.code.Message == "" {
				t.Error("has no message")
			}
			if tt.code.OK() != (tt.number == 0) {
				t.Errorf("OK() = %v", tt.code.OK())
			}
		})
	}
}
