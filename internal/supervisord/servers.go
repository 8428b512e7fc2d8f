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
	outside := *c
	outside.names.own = nil
	r.readCredentials(&outside)
	who := readValue(&outside, "chown", owner{}, readOwner)
	mode := readValue(&outside, "chmod", 0o700, readOctal)
	if r.file.Settings.Socket == "" {
		r.file.Settings.Socket = absolutePath(r.expandHome(trimSpace(socket)))
		r.protectSocket(c, mode, who)
	}
	c.addWarning("file", "supervisord's XML-RPC is not served; supervisorctl cannot connect", "run `initiator status` and the like with the same -c")
}

// protectSocket notes who may connect to the socket. The initiator's own socket
// asks for no password, so a socket with one stays open to its owner alone.
func (r *reader) protectSocket(c *sectionReader, mode int, who owner) {
	s := &r.file.Settings
	s.SocketMode, s.SocketGroup, s.SocketUser, s.SocketUID = mode&0o666, who.group, who.user, who.uid
	if c.hasKey("password") {
		if mode&0o066 != 0 {
			c.addWarning("chmod", "the initiator's own socket is open to its owner alone, because it asks for no password", "import the file, and set socket_mode in [initiator]")
		}
		s.SocketMode, s.SocketGroup = 0o600, ""
	}
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
