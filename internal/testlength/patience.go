package testlength

import "time"

// Patience bounds how long a test waits for other processes. It is long, because only
// a test that fails waits for it.
const Patience = 60 * time.Second
