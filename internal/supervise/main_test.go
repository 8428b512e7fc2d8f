package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// TestMain turns this binary into the programs that the tests supervise. The
// role is in the environment, because the contract fills argv.
func TestMain(m *testing.M) {
	if role := os.Getenv("TEST_ROLE"); role != "" {
		os.Exit(play(role))
	}
	// A program under the race detector otherwise sleeps for a second at its
	// end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	goleak.VerifyTestMain(m)
}

// play runs one worker, by the words of its role.
func play(role string) int {
	words := strings.Fields(role)
	switch words[0] {
	case "webhook":
		return serveWebhook("127.0.0.1:" + os.Getenv("PORT"))
	case "webhook6":
		return serveWebhook("[::1]:" + os.Getenv("PORT"))
	case "elsewhere":
		return serveWebhook("127.0.0.1:0")
	case "moody": // well while a file does not exist
		return serve(":"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := os.Stat(words[1]); err == nil {
				w.WriteHeader(500)
			}
		}))
	case "http":
		return serve(":"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	case "named": // the port is on the command line
		return serve(":"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	case "exit":
		code, _ := strconv.Atoi(words[1])
		return code
	case "closes": // the port is taken when the worker is told to
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGUSR1)
		ln, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
		if err != nil {
			return 1
		}
		<-told
		ln.Close()
		return forever()
	case "line":
		wait := obedient()
		fmt.Println("loading")
		fmt.Println("the server is up")
		return wait()
	case "notify":
		wait := obedient()
		for _, line := range words[1:] {
			tellManager(line)
		}
		return wait()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ignoring")
		return until(syscall.SIGUSR1)
	case "escape":
		return escape()
	case "leak":
		escape()
		return forever()
	case "bind":
		if _, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("INITIATOR_PORT")); err != nil {
			return 1
		}
		return forever()
	case "taken": // says once that its port is taken
		mark, err := os.OpenFile(words[1], os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return serveWebhook("127.0.0.1:" + os.Getenv("PORT"))
		}
		mark.Close()
		return exitPortTaken
	case "wait":
		return forever()
	case "env":
		data, _ := json.Marshal(map[string]any{"argv": os.Args[1:], "env": os.Environ()})
		fmt.Println("ENV " + string(data))
		return forever()
	}
	if role := roles[words[0]]; role != nil {
		return role()
	}
	return 99
}

// roles are further roles, of single files.
var roles = map[string]func() int{}

// forever ends with SIGTERM and exit code 0.
func forever() int { return until(syscall.SIGTERM) }

// obedient handles SIGTERM before a program is ready: a test that sees it ready
// may ask it to end at once.
func obedient() (wait func() int) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	return func() int { <-c; return 0 }
}

func until(sig os.Signal) int {
	c := make(chan os.Signal, 1)
	signal.Notify(c, sig)
	<-c
	return 0
}

// serve listens on fd 3 if that is a socket, and otherwise on addr.
func serve(addr string, h http.Handler) int {
	wait := obedient()
	ln, err := net.Listen("tcp", addr)
	if strings.Contains(os.Getenv("INITIATOR_FDS"), "3:") {
		ln, err = net.FileListener(os.NewFile(3, "inherited"))
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go http.Serve(ln, h)
	return wait()
}

// serveWebhook answers /ping as docs/worker-contract.md says.
func serveWebhook(addr string) int {
	cfg, err := proactor.ReadConfig(ctxBackground, os.Stdin, 0)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	guid := os.Getenv("INITIATOR_GUID")
	token, _, _ := cfg.Get(guid, "token")
	incarnation, _ := strconv.Atoi(os.Getenv("INITIATOR_INCARNATION"))
	return serve(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := r.Header.Get(proactor.HeaderNonce)
		webhook.Code{Status: 200, Message: "PONG!"}.WriteAnswer(w, "", webhook.PingAnswer{Proof: webhook.Proof(token, nonce, guid, incarnation)})
	}))
}

// escape leaves a grandchild in a session of its own and ends.
func escape() int {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_ROLE=stubborn")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Println(err)
		return 99
	}
	_, _ = out.Read(make([]byte, 1)) // the grandchild ignores TERM now
	fmt.Println("PID", cmd.Process.Pid)
	return 3
}

func tellManager(line string) {
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, strings.ReplaceAll(line, "_", " "))
}

// alive reports whether a process exists and is no zombie.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

const patience = 30 * time.Second
