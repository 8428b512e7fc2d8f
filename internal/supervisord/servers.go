package supervisord

import (
	"fmt"
	"strings"
)

// readServers reads [unix_http_server] and [inet_http_server]: for their
// faults, and for the socket that supervisorctl would use.
func (r *reader) readServers() {
	for _, section := range r.doc.names {
		c := &sectionReader{r: r, section: section, names: names{own: map[string]any{"here": r.file.Here}, env: r.lookupVariable}}
		switch {
		case strings.HasPrefix(section, "inet_http_server"):
			delete(c.names.own, "here")
			r.inetServer(c)
		case strings.HasPrefix(section, "unix_http_server"):
			r.unixServer(c)
		}
	}
}

func (r *reader) inetServer(c *sectionReader) {
	r.readCredentials(c)
	if !c.hasKey("port") {
		c.addFaultAt("", "the key port is missing", "write port = 127.0.0.1:9001")
		return
	}
	readValue(c, "port", "", readInetAddress)
	c.addWarning("port", "supervisord's web page and XML-RPC are not served", "use the initiator's own, which `initiator up` prints")
}

func (r *reader) unixServer(c *sectionReader) {
	if !c.hasKey("file") {
		c.addFaultAt("", "the key file is missing", "write file = /run/supervisor.sock")
		return
	}
	socket := readValue(c, "file", "", readText)
	if r.file.Settings.Socket == "" {
		r.file.Settings.Socket = absolutePath(r.expandHome(trimSpace(socket)))
	}
	outside := *c
	outside.names.own = nil
	r.readCredentials(&outside)
	readValue(&outside, "chown", "", readOwner)
	if c.hasKey("chown") {
		c.addWarning("chown", "the initiator's own socket belongs to the user that runs the initiator", "run it as that user")
	}
	if readValue(&outside, "chmod", 0o700, readOctal)&0o077 != 0 {
		c.addWarning("chmod", "the initiator's own socket is open to its owner alone, because it asks for no password", "import the file, and set socket_mode in [initiator]")
	}
	c.addWarning("file", "supervisord's XML-RPC is not served; supervisorctl cannot connect", "run `initiator status` and the like with the same -c")
}

func (r *reader) readCredentials(c *sectionReader) {
	readValue(c, "username", "", readText)
	readValue(c, "password", "", readText)
	if c.hasKey("username") != c.hasKey("password") {
		c.addFaultAt("", "the section has only one of username and password", "write both, or neither")
	}
}

// readInetAddress reads a port, or host:port; * and an empty host mean every
// address.
func readInetAddress(s string) (string, error) {
	at := strings.LastIndexByte(s, ':')
	n, err := readInteger(s[at+1:])
	if err != nil || n < 1 || n > 65535 {
		return "", invalidValue{fmt.Sprintf("%q has no port number", s), "write 127.0.0.1:9001"}
	}
	return s, nil
}
