package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsPatience is the longest wait for the server and for a reply.
const natsPatience = 10 * time.Second

// runNATSServer is the server process. It prints its URL.
func runNATSServer(string) error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(natsPatience) {
		return fmt.Errorf("the NATS server is not ready after %v", natsPatience)
	}
	fmt.Println(s.ClientURL())
	waitForSIGTERM()
	s.Shutdown()
	return nil
}

// runNATSWorker is the worker process. It answers every request with the request's data.
func runNATSWorker(url string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	if _, err := nc.QueueSubscribe("echo", "workers", func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		return err
	}
	if err := nc.Flush(); err != nil {
		return err
	}
	fmt.Println("ready")
	waitForSIGTERM()
	return nil
}

func waitForSIGTERM() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
}

// openNATS starts a server and a worker, and connects a client.
func openNATS(s *setup) (peer, error) {
	url, err := s.startProgram(os.Args[0], "nats-server")
	if err != nil {
		return peer{}, err
	}
	if _, err := s.startProgram(os.Args[0], "nats-worker", url); err != nil {
		return peer{}, err
	}
	nc, err := nats.Connect(url)
	if err != nil {
		return peer{}, err
	}
	s.cleanups = append(s.cleanups, nc.Close)
	return peer{"NATS", func() error {
		_, err := nc.Request("echo", data, natsPatience)
		return err
	}}, nil
}
