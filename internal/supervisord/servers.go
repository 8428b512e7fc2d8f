package supervisord

import (
	"fmt"
	"strings"
)

// servers reads [unix_http_server] and [inet_http_server]: for their faults,
// and for where supervisorctl would look.
func (r *reader) servers() {
	for _, section := range r.doc.names {
		c := &context{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.environment}}
		switch {
		case strings.HasPrefix(section, "inet_http_server"):
			delete(c.names.own, "here")
			r.inetServer(c)
		case strings.HasPrefix(section, "unix_http_server"):
			r.unixServer(c)
		}
	}
}

func (r *reader) inetServer(c *context) {
	r.credentials(c)
	if !c.given("port") {
		c.faultAt("", "nothing says on which port", "write port = 127.0.0.1:9001")
		return
	}
	value(c, "port", "", inetAddress)
	c.warn("port", "supervisord's web page and XML-RPC are not served", "use the initiator's own, which `initiator up` prints")
}

func (r *reader) unixServer(c *context) {
	if !c.given("file") {
		c.faultAt("", "nothing says which file", "write file = /run/supervisor.sock")
		return
	}
	socket := value(c, "file", "", plain)
	if r.file.Settings.Socket == "" {
		r.file.Settings.Socket = absolute(r.home(trim(socket)))
	}
	outside := *c
	outside.names.own = nil
	r.credentials(&outside)
	value(&outside, "chown", "", owner)
	if c.given("chown") {
		c.warn("chown", "the initiator's own socket belongs to whom the initiator runs as", "run it as that user")
	}
	if value(&outside, "chmod", 0o700, octal)&0o077 != 0 {
		c.warn("chmod", "the initiator's own socket is open to its owner alone, for it asks nobody for a password", "import the file, and set socket_mode in [initiator]")
	}
	c.warn("file", "supervisord's XML-RPC is not served; supervisorctl's words are those of the initiator", "run `initiator status` and the like with the same -c")
}

func (r *reader) credentials(c *context) {
	value(c, "username", "", plain)
	value(c, "password", "", plain)
	if c.given("username") != c.given("password") {
		c.faultAt("", "a username and a password go together", "write both, or neither")
	}
}

// inetAddress is a port, or host:port; * and nothing mean every address.
func inetAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, ':')
	n, err := integer(s[at+1:])
	if err != nil || n < 1 || n > 65535 {
		return "", wrong{fmt.Sprintf("%q has no port number", s), "write 127.0.0.1:9001"}
	}
	return s, nil
}
