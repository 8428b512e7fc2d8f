package chirp_test

import (
	"context"
	"fmt"
	"net"
	"strings"

	"initiator/proactor/chirp"
)

// ExamplePeer sends a request from one node to another.
func ExamplePeer() {
	ctx := context.Background()
	var echo *chirp.Peer
	echo, err := chirp.NewPeer(chirp.Config{Async: true, Handler: func(l *chirp.PeerMessage) {
		l.Data = []byte(strings.ToUpper(string(l.Data)))
		echo.Send(l) // goes back to its sender
	}})
	if err != nil {
		panic(err)
	}
	defer echo.Shutdown(true)
	at, err := echo.Listen("127.0.0.1:0")
	if err != nil {
		panic(err)
	}

	caller, err := chirp.NewPeer(chirp.Config{})
	if err != nil {
		panic(err)
	}
	defer caller.Shutdown(true)
	l := &chirp.PeerMessage{Address: at}
	l.Data = []byte("hello")
	answer, err := caller.Request(l).Wait(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", answer.Data)
	// Output: HELLO
}

// ExampleConn exchanges messages over a connection that exists already.
func ExampleConn() {
	ctx := context.Background()
	x, y := net.Pipe()
	asks := chirp.NewConn(x, chirp.ConnOptions{})
	answers := chirp.NewConn(y, chirp.ConnOptions{Handshake: chirp.Handshake{Port: 5001, Node: chirp.ID{7}}})
	ended := make(chan error)
	go func() {
		if _, err := answers.ExchangeHandshakes(ctx); err != nil {
			panic(err)
		}
		ended <- answers.Serve(func(m *chirp.Message) { answers.Send(*m) })
	}()
	hello, err := asks.ExchangeHandshakes(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println("port", hello.Port)
	if err := asks.Send(chirp.Message{Identity: chirp.NewID(), Data: []byte("task")}); err != nil {
		panic(err)
	}
	err = asks.Serve(func(m *chirp.Message) {
		fmt.Printf("%s\n", m.Data)
		asks.Close()
	})
	fmt.Println(err)
	fmt.Println(<-ended)
	// Output:
	// port 5001
	// task
	// <nil>
	// EOF
}
