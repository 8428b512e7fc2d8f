package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const natsPatience = 10 * time.Second

// natsServer is the server process; it prints where it listens.
func natsServer(string) error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(natsPatience) {
		return errors.New("it is not ready")
	}
	fmt.Println(s.ClientURL())
	untilTold()
	s.Shutdown()
	return nil
}

// natsWorker is the worker process: it answers every request with its data.
func natsWorker(url string) error {
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
	untilTold()
	return nil
}

func untilTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
}

func openNATS(h *house) (peer, error) {
	url, err := h.start(os.Args[0], "nats-server")
	if err != nil {
		return peer{}, err
	}
	if _, err := h.start(os.Args[0], "nats-worker", url); err != nil {
		return peer{}, err
	}
	nc, err := nats.Connect(url)
	if err != nil {
		return peer{}, err
	}
	h.ends = append(h.ends, nc.Close)
	return peer{"NATS", func() error {
		_, err := nc.Request("echo", data, natsPatience)
		return err
	}}, nil
}
